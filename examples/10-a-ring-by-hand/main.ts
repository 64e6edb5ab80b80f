/**
 * What channels are made of, used by hand: two threads write into one ring, one of them is terminated in the middle of a
 * record, and what it was writing is taken back once its exit is known. The reader parks while there is nothing.
 *
 * Output:
 *
 *     behind an open claim nothing can be read
 *     lost with thread 1: 1
 *     thread 1 sent 100, 101, 102
 *     thread 2 sent 200, 201, 202
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import * as Doorbell from "shared-nothing/memory/Doorbell"
import * as Drain from "shared-nothing/memory/Drain"
import { MpscReader } from "shared-nothing/memory/MpscReader"
import { MpscRecovery } from "shared-nothing/memory/MpscRecovery"
import * as MpscRing from "shared-nothing/memory/MpscRing"
import type { Start } from "./protocol.ts"

const ring = MpscRing.create(4096)
const bell = Doorbell.create()
const reader = new MpscReader(ring)
const own = new Doorbell.Doorbell(bell)
const got: Record<number, Array<number>> = { 1: [], 2: [] }

const start = (owner: number, leavesOneOpen: boolean): Worker => {
  const workerData: Start = { bell, leavesOneOpen, owner, records: 3, ring }
  return new Worker(new URL("./worker.ts", import.meta.url), { workerData })
}

/** Reads until so many records of a thread have come, parking while there is nothing. */
const readUntil = async (owner: number, count: number): Promise<void> => {
  while (got[owner]!.length < count) {
    const read = Drain.drain(reader, (type, offset) => {
      got[type]!.push(reader.region.f64[offset >> 3]!)
      return Drain.CONTINUE
    })
    if (read > 0) continue
    // Announced first, looked second: a record that comes after the look rings.
    own.prepare()
    if (reader.isEmpty()) {
      const wait = own.wait(10_000)
      if (wait.async) await wait.value
    }
    own.cancel()
  }
}

const dying = start(1, true)
await once(dying, "message")
await readUntil(1, 3)

const living = start(2, false)
await once(living, "exit")
console.log(reader.poll() ? "a record behind an open claim" : "behind an open claim nothing can be read")

// Only once the thread has exited: a slow one would be robbed of what it is writing.
await dying.terminate()
console.log(`lost with thread 1: ${new MpscRecovery(ring).recover(1)}`)
await readUntil(2, 3)
for (const owner of [1, 2]) console.log(`thread ${owner} sent ${got[owner]!.join(", ")}`)
