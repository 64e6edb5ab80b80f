/** What the event loop of a worker is used for, on clocks of the test: one that goes on, and one that goes on while the loop is idle. */
import { describe, expect, it } from "vitest"
import * as JobMeters from "../../src/memory/JobMeters.ts"
import { LoopMeter } from "../../src/pool/internal/loopMeter.ts"

const stage = () => {
  const clock = { now: 5000, idle: 700, reads: 0 }
  const meters = new JobMeters.JobMeters(JobMeters.create(1))
  const idleMillis = () => {
    clock.reads++
    return clock.idle
  }
  const loop = new LoopMeter(meters, 0, idleMillis, clock.now)
  /** The loop is idle for so long, or something has it. */
  const idles = (millis: number) => {
    clock.now += millis
    clock.idle += millis
  }
  const passes = (millis: number) => void (clock.now += millis)
  const read = () => {
    const { elsewhereMillis, loopMillis } = meters.read(0, clock.now)
    return [Math.round(loopMillis), Math.round(elsewhereMillis)]
  }
  /** The worker runs a job for so long. */
  const job = (millis: number) => {
    loop.begun(clock.now)
    passes(millis)
    loop.idle(clock.now)
  }
  const sleep = () => loop.asleep(clock.now)
  return { clock, idles, job, loop, passes, read, sleep }
}

describe("the event loop of a worker", () => {
  it("is used by its jobs, and by nothing else", () => {
    const { idles, job, read, sleep } = stage()
    for (let i = 0; i < 5; i++) {
      job(10)
      sleep()
      idles(100)
    }
    sleep()
    expect(read()).toEqual([50, 0])
  })

  it("is used by something else while the worker sleeps", () => {
    const { idles, job, passes, read, sleep } = stage()
    job(10)
    sleep()
    idles(60)
    passes(40)
    job(10)
    sleep()
    expect(read()).toEqual([60, 40])
  })

  it("is used by something else while the worker looks", () => {
    const { job, passes, read } = stage()
    job(10)
    passes(30)
    job(10)
    expect(read()[1]).toBe(30)
  })

  it("is not asked between jobs that come one after the other, whatever looking for them takes", () => {
    const { clock, job, passes, read } = stage()
    const { reads } = clock
    for (let i = 0; i < 300; i++) {
      job(0.05)
      passes(0.2)
    }
    expect([read()[1], clock.reads - reads]).toEqual([0, 0])
  })

  it("is told now and then of one that never sleeps", () => {
    const { clock, job, loop, read } = stage()
    for (let i = 0; i < 30; i++) {
      job(10)
      loop.look(clock.now)
    }
    expect(read()).toEqual([300, 0])
  })

  it("is used by nobody while the worker sleeps with its thread", () => {
    const { idles, job, loop, passes, read, sleep } = stage()
    job(10)
    for (let i = 0; i < 3; i++) {
      passes(20)
      loop.rested(20)
    }
    sleep()
    idles(50)
    job(10)
    sleep()
    expect(read()).toEqual([20, 0])
  })

  it("is its jobs' as long as it has one, whatever runs beside it", () => {
    const { clock, idles, loop, passes, read, sleep } = stage()
    loop.begun(clock.now)
    sleep()
    idles(70)
    passes(30)
    sleep()
    loop.idle(clock.now)
    sleep()
    expect(read()).toEqual([30, 0])
  })

  it("is accounted for in stretches of a worker that is woken in vain", () => {
    const { idles, passes, read, sleep } = stage()
    for (let i = 0; i < 4; i++) {
      idles(20)
      passes(5)
      sleep()
    }
    expect(read()).toEqual([20, 19])
  })
})
