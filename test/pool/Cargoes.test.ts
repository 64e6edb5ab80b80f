/** What moves with jobs, by itself: what a thread leaves that dies between two steps, and who finds it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { Iso, ThreadArenas } from "shared-nothing"
import { TAKEN } from "../../src/actor/kernel/Recipient.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { BEGUN, FREE, numberOf, WRITING } from "../../src/memory/JobTable.ts"
import { Cargoes, discardRow } from "../../src/pool/internal/cargoes.ts"
import { createMemory, HOST, HOST_OWNER, openMemory, ownerOf } from "../../src/pool/internal/memory.ts"
import { encode, type Keep, settle, SUCCEEDED } from "../../src/pool/internal/outcome.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import { Loads } from "../fixtures/loads.ts"

const { messages } = Loads.protocol
const back = messages.find(({ tag }) => tag === "Back")!
const SLOT = 0
// There is room for all replies here.
const nobody: Keep = { keep: () => assert.fail("kept") }

const made = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 8 * 4096, blockBytes: 4096 }), 1)
  const memory = createMemory({ workers: 1, least: 1, clients: 0, capacity: 2, arenaBytes: 65_536 })
  const host = openMemory(thread, memory, HOST_OWNER)
  const worker = openMemory(thread, memory, ownerOf(0, 1))
  const cargoes = new Cargoes(host, messages)
  const numbers = yield* Iso.allocate(arena, Int32Array, 2)
  const bytes = encode(host, back, { numbers, millis: 0 })
  assert.isTrue(cargoes.canLeave(back, bytes))
  assert.strictEqual(cargoes.load(SLOT, back, bytes, host.table.roomBytes), TAKEN)
  assert.isFalse(numbers.isHeld)
  const used = () => usage(arena.buffer).usedBytes / 4096
  assert.strictEqual(used(), 1)
  return { arena, bytes, cargoes, host, used, worker }
})

describe("what moves with a job", () => {
  it.effect("is found by who comes after a thread that died before anybody could see its job", () =>
    Effect.gen(function*() {
      const { host, used } = yield* made
      const heir = new Cargoes(host, messages)
      heir.inherit(SLOT)
      assert.deepStrictEqual([used(), host.table.stageOf(SLOT), host.table.draftOf(SLOT)], [0, FREE, 0])
      heir.inherit(SLOT)
    }))

  it.effect("is looked after by who has the slot of a thread that has gone, and released with it once", () =>
    Effect.gen(function*() {
      const { bytes, cargoes, host, used } = yield* made
      host.table.enqueue(SLOT, back.index, bytes, Infinity)
      cargoes.leave()
      cargoes.unload(SLOT)
      assert.strictEqual(used(), 1)
      const heir = new Cargoes(host, messages)
      heir.inherit(SLOT)
      heir.unload(SLOT)
      heir.unload(SLOT)
      assert.strictEqual(used(), 0)
    }))

  it.effect("is free where a worker died that had moved its reply away, and shown it to nobody", () =>
    Effect.gen(function*() {
      const { arena, bytes, cargoes, host, used, worker } = yield* made
      host.table.enqueue(SLOT, back.index, bytes, Infinity)
      assert.strictEqual(worker.table.begin(SLOT, numberOf(0, 1)), BEGUN)
      // It ends before the last step.
      worker.table.settle = () => {}
      const scope = yield* Scope.make()
      const own = yield* Scope.provide(Iso.allocate(arena, Int32Array, 2), scope)
      settle(worker, SLOT, SUCCEEDED, back.success, own, nobody)
      assert.deepStrictEqual([own.isHeld, host.table.stageOf(SLOT), used()], [false, WRITING, 2])
      cargoes.discardReply(SLOT)
      assert.strictEqual(used(), 1)
      cargoes.unload(SLOT)
      assert.strictEqual(used(), 0)
    }))

  it.effect("is free in a row that nobody will look at, wherever it is", () =>
    Effect.gen(function*() {
      const { bytes, host, used, worker } = yield* made
      discardRow(host, messages, HOST)
      assert.strictEqual(used(), 0)
      const again = yield* made
      again.host.table.enqueue(SLOT, back.index, bytes, Infinity)
      again.worker.table.begin(SLOT, numberOf(0, 1))
      settle(again.worker, SLOT, SUCCEEDED, back.success, yield* Iso.allocate(again.arena, Int32Array, 2), nobody)
      assert.strictEqual(again.used(), 2)
      discardRow(again.host, messages, HOST)
      // The payload was its worker's to take, and is with its submitter.
      again.cargoes.unload(SLOT)
      assert.deepStrictEqual([again.used(), worker.table.stageOf(SLOT)], [0, FREE])
    }))
})
