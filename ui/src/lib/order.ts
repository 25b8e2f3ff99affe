// Which accounts have a place in the person's order.

import type { OrderView } from "./bindings/OrderView";
import type { Status } from "./bindings/Status";

/** Tells whether an account stands in the order. A variable of the environment does so only once it was placed there. */
export function standsIn(order: OrderView | null): (account: Status) => boolean {
  const placed = new Set(order?.placed);
  return ({ id, owner }) => owner !== "environment" || placed.has(id);
}

/** Where each account stands, or would stand if it were placed, and how many there are then. */
export function placesIn(order: OrderView | null, accounts: Status[]): Map<string, { place: number; count: number }> {
  const stands = standsIn(order);
  const total = accounts.filter(stands).length;
  let place = 0;
  return new Map(
    accounts.map((account) => [account.id, stands(account) ? { place: place++, count: total } : { place, count: total + 1 }]),
  );
}
