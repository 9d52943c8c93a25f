export {
  type Fleet,
  type FleetOptions,
  openFleet,
  type ProgramNode,
  type ProgramOptions,
  type ServerNode,
  type ServerOptions,
} from "./fleet.ts";
export { findRunning, type Running } from "./running.ts";
