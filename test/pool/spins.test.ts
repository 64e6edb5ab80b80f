import { assert, describe, it } from "@effect/vitest"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as IdleSet from "../../src/memory/IdleSet.ts"
import { ParkingWait } from "../../src/memory/ParkingWait.ts"
import { Spins } from "../../src/pool/internal/spins.ts"
import { Poller, SPINS } from "../../src/thread/Poller.ts"

const WORKERS = 40
const CORES = 3

describe("a thread of a pool", () => {
  it("looks without a pause only while there is a core for each that is awake, and for who submits", () => {
    const sab = Doorbell.create(WORKERS)
    const bells = Array.from({ length: WORKERS }, (_, slot) => new Doorbell.Doorbell(sab, slot))
    const idle = new IdleSet.IdleSet(IdleSet.create(WORKERS), bells)
    const told: Array<number> = []
    const strategy = new ParkingWait()
    strategy.limitSpins = (spins) => void told.push(spins)
    const spins = new Spins(idle, new Poller({ strategy }), CORES)
    spins.look()
    for (let worker = 0; worker < WORKERS - CORES; worker++) idle.announce(worker)
    assert.strictEqual(idle.awake(), CORES)
    spins.look()
    assert.deepStrictEqual(told, [0])
    idle.announce(WORKERS - 1)
    spins.look()
    idle.announce(WORKERS - 2)
    spins.look()
    assert.deepStrictEqual(told, [0, SPINS])
    idle.retract(WORKERS - 1)
    spins.look()
    assert.deepStrictEqual(told, [0, SPINS])
    idle.retract(0)
    spins.look()
    assert.deepStrictEqual(told, [0, SPINS, 0])
  })
})
