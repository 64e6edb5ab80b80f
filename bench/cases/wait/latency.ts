/**
 * From making something true to the thread that waits for it noticing, after it has waited for a while. Every wake-up is a sample.
 */
import type { Driver } from "../../ours/waiting.ts"
import type { Case } from "../../runner/Case.ts"
import { wakes } from "../../runner/Wakes.ts"
import { subjects } from "./subjects.ts"

const latency = (driver: Driver, thread: string): Case => ({
  name: `wait/latency-${driver}`,
  about: `until ${thread} notices what another thread has stored, after 3 ms of waiting`,
  unit: "us",
  betterIs: "lower",
  count: 60,
  quickCount: 20,
  subjects: subjects(driver, (params, waiting) => wakes(params, "latency", waiting))
})

const sender = (driver: Driver, thread: string): Case => ({
  name: `wait/sender-${driver}`,
  about: `what it costs a thread to store something and to wake ${thread} that waits for it`,
  unit: "us",
  betterIs: "lower",
  count: 60,
  quickCount: 20,
  subjects: subjects(driver, (params, waiting) => wakes(params, "sender", waiting))
})

/** See the module. */
export const latencies: ReadonlyArray<Case> = [
  latency("worker", "a blocked thread"),
  latency("loop", "a thread with an event loop"),
  sender("worker", "a blocked thread"),
  sender("loop", "a thread with an event loop")
]
