/**
 * What channels are made of, used by hand: two threads write, one of them is terminated in the middle of a record, which holds the
 * other up in nothing and is accounted for once its exit is known. The reader parks while there is nothing.
 *
 * Output:
 *
 *     lost with thread 1: 1
 *     thread 1 sent 100, 101, 102
 *     thread 2 sent 200, 201, 202
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import * as Doorbell from "shared-nothing/memory/Doorbell"
import * as MpscRing from "shared-nothing/memory/MpscRing"
import type { Start } from "./protocol.ts"

const ring = MpscRing.create(4096, 2)
const bell = Doorbell.create()
const reader = new MpscRing.MpscReader(ring)
const own = new Doorbell.Doorbell(bell)
const got: Record<number, Array<number>> = { 1: [], 2: [] }

const start = (owner: number, leavesOneOpen: boolean): Worker => {
  const workerData: Start = { bell, leavesOneOpen, owner, records: 3, ring }
  return new Worker(new URL("./worker.ts", import.meta.url), { workerData })
}

/** Reads until so many records of a thread have come, parking while there is nothing. */
const readUntil = async (owner: number, count: number): Promise<void> => {
  while (got[owner]!.length < count) {
    if (reader.poll()) {
      for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
        got[reader.type]!.push(reader.region.f64[offset >> 3]!)
      }
      reader.release()
      continue
    }
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
// The open claim of thread 1 is in nobody's way.
await readUntil(2, 3)
await once(living, "exit")
// Only once the thread has exited: a slow one would be robbed of what it is writing.
await dying.terminate()
console.log(`lost with thread 1: ${MpscRing.recoveryOf(ring, 1).recover()}`)
for (const owner of [1, 2]) console.log(`thread ${owner} sent ${got[owner]!.join(", ")}`)
