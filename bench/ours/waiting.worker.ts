/**
 * The thread that waits.
 */
import { parentPort, workerData } from "node:worker_threads"
import { BlockingWait, DoorbellPlace } from "../../src/memory/BlockingWait.ts"
import { Doorbell } from "../../src/memory/Doorbell.ts"
import { Poller, type Waitable } from "../../src/thread/Poller.ts"
import { seen, SENT_CELL, type Shared } from "../runner/Wakes.ts"
import { type Driver, type StrategyName, strategyOf } from "./waiting.ts"

const data = workerData as Shared & {
  readonly bells: SharedArrayBuffer
  readonly driver: Driver
  readonly strategy: StrategyName
}
const cells = new Int32Array(data.control)
const bell = new Doorbell(data.bells)
const tell = seen(data.control)
const strategy = strategyOf(data.strategy, data.driver)
let last = 0
const isReady = (): boolean => Atomics.load(cells, SENT_CELL) !== last

parentPort!.postMessage("ready")
if (data.driver === "worker") {
  const wait = new BlockingWait({ nowMillis: () => performance.now(), place: new DoorbellPlace(bell), strategy })
  const condition = { isReady }
  for (;;) {
    wait.until(condition)
    tell(last = Atomics.load(cells, SENT_CELL))
  }
} else {
  const poller = new Poller({ strategy })
  const waitable: Waitable = {
    announce: () => bell.prepare(),
    cancel: () => bell.cancel(),
    isReady,
    poll: () => {
      if (!isReady()) return false
      tell(last = Atomics.load(cells, SENT_CELL))
      poller.add(waitable)
      return true
    },
    retract: () => bell.retract(),
    wait: () => bell.wait()
  }
  poller.add(waitable)
}
