export { type Fleet, type FleetOptions, openFleet, type ServerNode, type ServerOptions } from "./fleet.ts";
export { findRunning, type Running } from "./running.ts";
