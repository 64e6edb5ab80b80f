/** What a profile of a pool says, and what stands above it. */
import { assert, describe, it } from "@effect/vitest"
import type { Pool } from "shared-nothing"
import { resolve } from "../../src/pool/internal/options.ts"
import { Jobs } from "../fixtures/jobs.ts"

const hardware = { topology: () => "nobody knows", whyUnbound: () => "there is no such machine" }

const resolved = (options: Partial<Pool.PoolOptions>, cores = 6) =>
  resolve(Jobs.protocol, { spawn: () => assert.fail("spawns"), ...options }, cores, hardware)

describe("a profile", () => {
  it("is production unless it is said", () => {
    assert.deepStrictEqual(resolved({}), resolved({ profile: "production" }))
    const { capacity, graceMillis, heartbeat, restMillis, shutdownMillis, workers } = resolved({})
    assert.deepStrictEqual(
      { capacity, graceMillis, heartbeat, restMillis, shutdownMillis, workers },
      {
        capacity: 1024,
        graceMillis: 5000,
        heartbeat: { timeout: "30 seconds" },
        restMillis: 5,
        shutdownMillis: 5000,
        workers: 6
      }
    )
  })

  it("has as many workers as there are cores, two at least and 64 at most, or as many as one looks at", () => {
    const workers = (profile: Pool.Profile, cores: number) => resolved({ profile }, cores).workers
    assert.deepStrictEqual([1, 6, 100].map((cores) => workers("throughput", cores)), [2, 6, 64])
    assert.deepStrictEqual([1, 6, 100].map((cores) => workers("lowLatency", cores)), [2, 6, 64])
    assert.deepStrictEqual([1, 6, 100].map((cores) => workers("development", cores)), [2, 2, 2])
    assert.deepStrictEqual([1, 6, 100].map((cores) => workers("testing", cores)), [2, 2, 2])
  })

  it("lets a debugger hold a worker", () => {
    const { graceMillis, heartbeat, restMillis } = resolved({ profile: "development" })
    assert.deepStrictEqual([graceMillis, heartbeat.timeout, restMillis], [Infinity, "Infinity", 0])
  })

  it("has a queue for its use, as large as fits with so many workers", () => {
    assert.strictEqual(resolved({ profile: "testing" }).capacity, 16)
    assert.strictEqual(resolved({ profile: "throughput" }).capacity, 8192)
    assert.strictEqual(resolved({ profile: "throughput", threads: 64 }).capacity, 8192)
    assert.strictEqual(resolved({ profile: "lowLatency" }).restMillis, 100)
  })

  it("is a default: what is said by itself stands", () => {
    const { capacity, graceMillis, heartbeat, shutdownMillis, workers } = resolved({
      profile: "testing",
      threads: 5,
      grace: "3 seconds",
      queue: { capacity: 7 },
      shutdown: "brutalKill",
      heartbeat: { timeout: "9 seconds", interval: 100 }
    })
    assert.deepStrictEqual([capacity, graceMillis, shutdownMillis, workers], [7, 3000, 0, 5])
    assert.deepStrictEqual(heartbeat, { timeout: "9 seconds", interval: 100 })
  })

  it("keeps its default beside what is said of the same option", () => {
    assert.deepStrictEqual(resolved({ heartbeat: { interval: 50 } }).heartbeat, { timeout: "30 seconds", interval: 50 })
    assert.strictEqual(resolved({ profile: "throughput", queue: { overflow: "fail" } }).capacity, 8192)
  })

  it("that nobody knows is refused, with what there is", () => {
    for (const profile of ["fast", "toString", "", 3, {}, null]) {
      const options: object = { profile }
      assert.throws(() => resolved(options), /development/)
    }
  })
})
