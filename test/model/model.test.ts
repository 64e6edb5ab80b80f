import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { explore, type Program, Violation } from "./explore.ts"
import { gate } from "./gate.ts"
import * as gated from "./gatedAtomics.ts"

describe("the memory layer under all schedules", () => {
  it("keeps its promises in every one, and every broken variant is caught", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("run.ts", import.meta.url))])
    expect(stdout).toMatch(/^model: structures=8 schedules=\d+ broken_caught=15\/15 ok\n$/)
    expect(Number(/schedules=(\d+)/.exec(stdout)![1])).toBeGreaterThan(100_000)
  })
})

describe("explore", () => {
  const twice = (body: (cells: Int32Array) => Generator<gated.Step, void>, mortal = false) => (): Program => {
    const cells = new Int32Array(new SharedArrayBuffer(8))
    return {
      threads: [{ name: "a", body: body(cells), mortal }, { name: "b", body: body(cells) }],
      check: () => {
        if (cells[0] !== 2) throw new Violation(`counted ${cells[0]}`)
      }
    }
  }
  const unsafe = function*(cells: Int32Array): Generator<gated.Step, void> {
    yield* gated.store(cells, 0, (yield* gated.load(cells, 0)) + 1)
  }
  const safe = function*(cells: Int32Array): Generator<gated.Step, void> {
    yield* gated.add(cells, 0, 1)
  }

  it("finds a lost update only when it may preempt", () => {
    expect(explore(twice(unsafe), 0).failure).toBeUndefined()
    expect(explore(twice(unsafe), 1).failure).toContain("counted 1")
    expect(explore(twice(safe), 3).failure).toBeUndefined()
  })

  it("lets a mortal thread die at every step", () => {
    expect(explore(twice(safe, true), 0).failure).toContain("a†")
  })

  it("reports threads that wait for ever and threads that do not end", () => {
    const waits = function*(cells: Int32Array): Generator<gated.Step, void> {
      yield* gated.wait(cells, 0, 0)
    }
    expect(explore(twice(waits), 1).failure).toContain("waits for ever: a, b")
    const spins = function*(cells: Int32Array): Generator<gated.Step, void> {
      while ((yield* gated.load(cells, 0)) === 0);
    }
    expect(explore(twice(spins), 0).failure).toContain("does not end")
  })

  it("takes an error that is no broken promise for a mistake in the model", () => {
    const mistaken = function*(): Generator<gated.Step, void> {
      yield undefined
      throw new TypeError("mistake")
    }
    expect(() => explore(twice(mistaken), 0)).toThrow("mistake")
  })
})

describe("gate", () => {
  it("stops around each atomic operation and each own method, and leaves constructors alone", () => {
    const source = [
      "export class A {",
      "  declare private x: number",
      "  constructor(cells: Int32Array) {",
      "    this.x = Atomics.load(cells, 0)",
      "  }",
      "  one(cells: Int32Array): number {",
      "    Atomics.store(cells, 0, (1 + 2))",
      "    return this.two(Atomics.load(cells, 1)) + this.x",
      "  }",
      "  private two(value: number): number {",
      "    return value",
      "  }",
      "}"
    ]
    const text = gate(source.join("\n"), import.meta.url).replaceAll(/ +/g, " ")
    expect(text).toContain("this.x = Atomics.load(cells, 0)")
    expect(text).toContain("\n yield* gated.store(cells, 0, (1 + 2))")
    expect(text).toContain("return (yield* this.two((yield* gated.load(cells, 1)))) + this.x")
    expect(text).toMatch(/\*one\(cells *\) *\{/)
    expect(text).toMatch(/\*two\(value *\) *\{/)
  })

  it("refuses a module without methods", () => {
    expect(() => gate("export const a = 1", import.meta.url)).toThrow(/nothing to gate/)
  })
})
