import type { UiError } from "./bindings/UiError";

/** Whatever a promise was rejected with, as an error that can be shown. */
export function asUiError(thrown: unknown): UiError {
  if (isUiError(thrown)) return thrown;
  return {
    code: "failed",
    message: "Keyfob did not answer as it should.",
    cure: "Try again. If it happens again, restart Keyfob.",
    detail: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
  };
}

function isUiError(thrown: unknown): thrown is UiError {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown && "cure" in thrown;
}
