import { assert, describe, it } from "@effect/vitest"
import * as Arena from "../../src/memory/Arena.ts"
import { ArenaNumbers, NUMBERS_SPENT } from "../../src/memory/ArenaNumbers.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Arenas } from "../../src/wire/Arenas.ts"

const BLOCK = 4096

const create = (blocks = 4) => Arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, id: 1 })

const numbersOf = (sab: SharedArrayBuffer, owner: number) => new ArenaNumbers(new Arena.ArenaEnd(sab, owner))

describe("the numbers of an arena", () => {
  it("are given out once, whoever gives them", () => {
    const sab = create()
    const first = numbersOf(sab, 1)
    const given = first.lend()
    const second = numbersOf(sab, given)
    assert.deepStrictEqual([given, second.lend(), first.lend(), second.lend()], [2, 3, 4, 5])
  })

  it("that threads have by hand are given to nobody", () => {
    const sab = create()
    for (const owner of [1, 3]) new Arenas().open(sab, owner)
    assert.deepStrictEqual([numbersOf(sab, 3).lend(), numbersOf(sab, 1).lend()], [2, 4])
    // To be told a number that is in use already changes nothing.
    new Arenas().open(sab, 2)
    numbersOf(sab, 3).recover(2)
    assert.strictEqual(numbersOf(sab, 1).lend(), 2)
  })

  it("are 255", () => {
    const numbers = numbersOf(create(), 7)
    const given = Array.from({ length: 254 }, () => numbers.lend())
    assert.deepStrictEqual(new Set(given).size, 254)
    assert.notInclude(given, 7)
    assert.strictEqual(numbers.lend(), NUMBERS_SPENT)
    numbers.recover(255)
    assert.strictEqual(numbers.lend(), 255)
  })

  it("are free with their thread, once nothing of that is on its way", () => {
    const sab = create()
    const numbers = numbersOf(sab, 1)
    assert.strictEqual(numbers.lend(), 2)
    const gone = new Arena.ArenaEnd(sab, 2)
    const sent = gone.detach(gone.allocate(BLOCK))
    gone.allocate(BLOCK)
    numbers.recover(2)
    assert.strictEqual(usage(sab).usedBytes, BLOCK)
    assert.strictEqual(numbers.lend(), 3)
    const receiver = new Arena.ArenaEnd(sab, 3)
    assert.strictEqual(receiver.adopt(sent), sent)
    assert.strictEqual(numbersOf(sab, 3).lend(), 2)
    // It is another one's by now: what that has is not taken for what the first one had.
    assert.isTrue(receiver.release(sent))
    assert.strictEqual(usage(sab).usedBytes, 0)
  })

  it("that a thread has lent on are recovered with it, and what their threads had", () => {
    const sab = create()
    const first = numbersOf(sab, 1)
    const second = numbersOf(sab, first.lend())
    const third = numbersOf(sab, second.lend())
    assert.strictEqual(third.lend(), 4)
    const ends = [1, 2, 3, 4].map((owner) => new Arena.ArenaEnd(sab, owner))
    for (const end of ends) end.allocate(BLOCK)
    first.recover(2)
    assert.strictEqual(usage(sab).usedBytes, BLOCK)
    assert.deepStrictEqual([first.lend(), first.lend(), first.lend()], [2, 3, 4])
  })

  it("are one thread's to recover: a second time does nothing", () => {
    const sab = create()
    const numbers = numbersOf(sab, 1)
    numbers.lend()
    numbers.recover(2)
    new Arena.ArenaEnd(sab, 2).allocate(BLOCK)
    numbers.recover(2)
    assert.strictEqual(usage(sab).usedBytes, BLOCK)
  })
})
