import "./styles/tokens.css";
import "./styles/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { useDoor } from "./lib/ipc";

// The condition is a constant when the page is built, so the preview is no part of the program.
if (import.meta.env.MODE === "preview") {
  const { previewDoor } = await import("./lib/preview");
  useDoor(previewDoor(new URLSearchParams(location.search)));
}

mount(App, { target: document.getElementById("app")! });
