/**
 * One thread of a pair: asks or answers, and waits on its doorbell by the strategy of the subject.
 */
import { once } from "node:events"
import { parentPort, workerData } from "node:worker_threads"
import { BlockingWait, DoorbellPlace } from "../../src/memory/BlockingWait.ts"
import { Doorbell } from "../../src/memory/Doorbell.ts"
import { Poller, type Waitable } from "../../src/thread/Poller.ts"
import { ANSWER_CELL, done, QUESTION_CELL, type Side } from "../runner/Pairs.ts"
import { type Driver, type StrategyName, strategyOf } from "./waiting.ts"

const data = workerData as Side & {
  readonly driver: Driver
  readonly strategy: StrategyName
  readonly maxSpins: number
}
const { isAsker, rounds } = data
const cells = new Int32Array(data.pair)
const own = new Doorbell(data.bells, isAsker ? 0 : 1)
const other = new Doorbell(data.bells, isAsker ? 1 : 0)
const ownCell = isAsker ? ANSWER_CELL : QUESTION_CELL
const otherCell = isAsker ? QUESTION_CELL : ANSWER_CELL
const strategy = strategyOf(data.strategy, data.driver, data.maxSpins)
const tell = done(data.pair)

const send = (sequence: number): void => {
  Atomics.store(cells, otherCell, sequence)
  other.ring()
}

let awaited = 1
let began = 0
const isReady = (): boolean => Atomics.load(cells, ownCell) >= awaited

const ask = (): void => {
  began = performance.now()
  send(awaited)
}

/** Takes what has come; `false` when it was the last. */
const take = (): boolean => {
  if (isAsker) tell(awaited, began)
  else send(awaited)
  if (++awaited > rounds) return false
  if (isAsker) ask()
  return true
}

parentPort!.postMessage("ready")
await once(parentPort!, "message")
if (isAsker) ask()
if (data.driver === "worker") {
  const wait = new BlockingWait({ nowMillis: () => performance.now(), place: new DoorbellPlace(own), strategy })
  const condition = { isReady }
  do wait.until(condition)
  while (take())
  parentPort!.postMessage("done")
} else {
  const poller = new Poller({ strategy })
  const waitable: Waitable = {
    announce: () => own.prepare(),
    cancel: () => own.cancel(),
    isReady,
    poll: () => {
      if (!isReady()) return false
      if (take()) poller.add(waitable)
      else parentPort!.postMessage("done")
      return true
    },
    retract: () => own.retract(),
    wait: () => own.wait()
  }
  poller.add(waitable)
}
