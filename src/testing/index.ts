/**
 * The test kit: probes and stand-ins under `TestClock`, and whole programs, threads included, in a simulation.
 */
export * as Fault from "./Fault.ts"
export * as Faults from "./Faults.ts"
export * as History from "./History.ts"
export * as Invariant from "./Invariant.ts"
export * as It from "./It.ts"
export * as Probe from "./Probe.ts"
export * as ProbeError from "./ProbeError.ts"
export * as Recording from "./Recording.ts"
export * as Simulation from "./Simulation.ts"
export * as SimulationError from "./SimulationError.ts"
export * as StandIn from "./StandIn.ts"
export * as TestSystem from "./TestSystem.ts"
