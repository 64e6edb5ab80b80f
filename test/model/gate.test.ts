import { describe, expect, it } from "vitest"
import { explore, type Program, Violation } from "./explore.ts"
import type * as CellModule from "./fixtures/Cell.ts"
import type * as PairModule from "./fixtures/Pair.ts"
import { loader, type Mutation, stepped } from "./gate.ts"
import { alone, turn } from "./gatedAtomics.ts"
import { equal, thread } from "./programs/program.ts"
import type { Body, Request } from "./request.ts"
import { gate, watch } from "./rewrite.ts"
import { factsOf, parse, worldOf } from "./syntax.ts"

const fixtures = new URL("./fixtures/", import.meta.url)

const load = <M>(module: string, mutations: ReadonlyArray<Mutation> = []) => loader(mutations, fixtures)<M>(module)

/** What a body asks for, answered as if it ran alone. */
const requests = (body: Body<unknown>, answers: (request: Request) => unknown): ReadonlyArray<string> => {
  const seen: Array<string> = []
  for (let result = body.next(); result.done !== true; result = body.next(answers(result.value))) {
    seen.push(`${result.value.site} ${result.value.kind}`)
  }
  return seen
}

describe("a gated module", () => {
  it("stops at each atomic operation, in conditions, loops and private methods", async () => {
    const { Cell } = await load<typeof CellModule>("Cell")
    const sab = new SharedArrayBuffer(8)
    let swaps = 0
    const seen = requests(new Cell(sab).increment(1), ({ kind }) => kind === "compareExchange" && swaps++ === 0 ? 9 : 0)
    expect(seen).toEqual([
      "Cell.get load",
      "Cell.#swap compareExchange",
      "Cell.increment spin",
      "Cell.get load",
      "Cell.#swap compareExchange"
    ])
    expect(requests(new Cell(sab).double(2), () => 0)).toEqual([
      "Cell.get load",
      "Cell.double add",
      "Cell.#swap compareExchange",
      "Cell.get load",
      "Cell.double add",
      "Cell.#swap compareExchange",
      "Cell.get load"
    ])
  })

  it("steps through gated objects in fields and arrays, and tells them from a map", async () => {
    const { Pair } = await load<typeof PairModule>("Pair")
    const pair = new Pair(new SharedArrayBuffer(8))
    expect(requests(pair.increment("right"), ({ value }) => value ?? 0)).toEqual([
      "Cell.get load",
      "Cell.#swap compareExchange"
    ])
    expect(requests(pair.sum(), () => 1)).toEqual(["Cell.get load", "Cell.get load"])
    expect(alone(pair.increment("left"))).toBeUndefined()
    expect(alone(pair.sum())).toBe(1)
  })

  it("runs constructors and free functions at once outside of threads", async () => {
    const { first, Pair } = await load<typeof PairModule>("Pair")
    const sab = new SharedArrayBuffer(8)
    alone(new Pair(sab).increment("left"))
    expect(first(sab)).toBe(1)
  })

  it("steps through a free function that calls gated methods only where asked for it, and fails elsewhere", async () => {
    const { Cell, peek } = await load<typeof CellModule>("Cell")
    const cell = new Cell(new SharedArrayBuffer(8))
    const peeked = stepped(peek)(cell as unknown as CellModule.Cell)
    expect(requests(peeked, () => 7)).toEqual(["Cell.get load"])
    const peeks = function*(): Body {
      yield* turn()
      peek(cell as unknown as CellModule.Cell)
    }
    const make = (): Program => ({ threads: [thread("a", peeks())], check: () => undefined })
    expect(() => explore(make, 0)).toThrow(/peek calls the gated method get.*must run `stepped\(peek\)`/s)
    expect(() => stepped(() => 1)).toThrow(/no function of a gated module/)
  })

  it("computes what the real one does", async () => {
    const real = await import("./fixtures/Cell.ts")
    const { Cell } = await load<typeof CellModule>("Cell")
    const results = [
      new real.Cell(new SharedArrayBuffer(16)).scribble(1),
      alone(new Cell(new SharedArrayBuffer(16)).scribble(1))
    ]
    expect(results).toEqual([9, 9])
  })

  it("is a copy of its own beside the real one and beside other mutations, its imports included", async () => {
    const real = await import("./fixtures/Pair.ts")
    const sound = await load<typeof PairModule>("Pair")
    const mutation = { module: "Cell", find: "this.get() + by", replace: "this.get() + by + 100" }
    const mutated = await load<typeof PairModule>("Pair", [mutation])
    const sum = (m: typeof sound): number => {
      const pair = new m.Pair(new SharedArrayBuffer(8))
      alone(pair.incrementWrongly())
      return alone(pair.sum())
    }
    expect(new real.Pair(new SharedArrayBuffer(8)).sum()).toBe(0)
    expect(sum(sound)).toBe(1)
    expect(sum(mutated)).toBe(101)
    expect((await load<typeof PairModule>("Pair")).Pair).toBe(sound.Pair)
  })

  it("reports plain accesses of any form, in the module and in what it calls", async () => {
    const { Cell } = await load<typeof CellModule>("Cell")
    const scribbles = (second: number) => (): Program => {
      const sab = new SharedArrayBuffer(32)
      const words = new Int32Array(sab)
      return {
        threads: [1, second].map((word, i) => thread(`${i}`, new Cell(sab).scribble(word))),
        check: () => {
          if (words[1] !== 4) throw new Violation("a word has another value")
        }
      }
    }
    expect(explore(scribbles(3), 1).failure).toBeUndefined()
    expect(explore(scribbles(2), 1).failure).toContain("data race")
  })

  it("steps through free functions of other modules", async () => {
    const { Pair } = await load<typeof PairModule>("Pair")
    expect(requests(new Pair(new SharedArrayBuffer(8)).both(), () => 2)).toEqual(["bothOf load", "bothOf load"])
  })

  it("is explored like any program", async () => {
    const { Pair } = await load<typeof PairModule>("Pair")
    const counts = (wrongly: boolean) => (): Program => {
      const sab = new SharedArrayBuffer(8)
      const body = () => wrongly ? new Pair(sab).incrementWrongly() : new Pair(sab).increment("left")
      return {
        threads: [thread("a", body()), thread("b", body())],
        check: () => equal(new Int32Array(sab)[0], 2, "count")
      }
    }
    expect(explore(counts(false), Infinity).failure).toBeUndefined()
    expect(explore(counts(true), 1).failure).toContain("count is 1")
  })
})

describe("gate", () => {
  const rewritten = (...lines: ReadonlyArray<string>): string => {
    const source = lines.join("\n")
    return gate("A", source, worldOf(new Map([["A", factsOf("A", parse(source))]])))
  }
  const inMethod = (...body: ReadonlyArray<string>) => () =>
    rewritten(
      "const look = (a: Int32Array) => Atomics.load(a, 0)",
      "const deep = (a: Int32Array) => look(a)",
      "class B { constructor(a: Int32Array) { look(a) } }",
      "export class A {",
      "  declare a: Int32Array",
      "  declare map: Map<string, number>",
      "  one(): number { return Atomics.load(this.a, 0) }",
      "  two() {",
      ...body,
      "  }",
      "}"
    )

  it.each([
    ["a function that does atomic operations, taken without a call", "return look", /A.ts:9: A.two uses look, which/],
    ["one that reaches them, called in a closure", "return [1].map(() => deep(this.a))", /A.two uses deep/],
    ["a constructor that reaches them", "return new B(this.a)", /uses new B/],
    ["Atomics in a closure", "return [1].map((i) => Atomics.load(this.a, i))", /cannot be interrupted/],
    ["a method in a closure", "return [1].map(() => this.one())", /cannot be interrupted/],
    ["Atomics under another name", "const { load } = Atomics; return load", /another name/],
    ["Atomics taken without a call", "const load = Atomics.load; return load", /another name/],
    ["Atomics of the global object", "return globalThis.Atomics.load(this.a, 0)", /another name/],
    ["an operation that is unknown", "return Atomics.waitForever(this.a)", /unknown to the model/],
    ["spread arguments", "return Atomics.load(...this.a)", /spread/],
    ["a method taken without a call", "return this.one", /taken without being called/],
    ["an optional call", "return this.map?.one()", /optional call/],
    ["an assignment by a pattern", "[this.a[0], this.a[1]] = [1, 2]", /by a pattern/],
    ["an assignment with effects in its place", "this.a[this.one()] += 1", /cannot split/]
  ])("refuses %s", (_, code, message) => {
    expect(inMethod(`    ${code}`)).toThrow(message)
  })

  it.each([
    ["an async method", "  async two() { return Atomics.load(this.a, 0) }", /an async method/],
    ["a getter with Atomics", "  get two() { return Atomics.load(this.a, 0) }", /cannot be interrupted/],
    ["a getter with a method", "  get two() { return this.one() }", /cannot be interrupted/],
    ["a default parameter with Atomics", "  two(b = Atomics.load(this.a, 0)) { return b }", /cannot be interrupted/],
    ["a generator method with Atomics", "  *two() { yield Atomics.load(this.a, 0) }", /cannot be interrupted/],
    ["a function in a field", "  two = () => Atomics.load(this.a, 0)", /cannot be interrupted/]
  ])("refuses %s", (_, member, message) => {
    const lines = ["export class A {", "  declare a: Int32Array", "  one() { return 1 }", member, "}"]
    expect(() => rewritten(...lines)).toThrow(message)
  })

  it("keeps statements apart in a text without semicolons, and the lines where they are", () => {
    const text = inMethod(
      "    const x = this.one()",
      "    Atomics.store(this.a, 0, x)",
      "    this.one()",
      "    if (x) Atomics.load(this.a, 0) === 1 && this.one()",
      "    return x"
    )()
    expect(text.split("\n").slice(8, 13).map((line) => line.trim())).toEqual([
      "const x = (yield* this.one())",
      `0, (yield __gated.request("store", "A.two", this.a, 0, x))`,
      "0, (yield* this.one())",
      `if (x) 0, (yield __gated.request("load", "A.two", this.a, 0)) === 1 && (yield* this.one())`,
      "return x"
    ])
  })

  it("gives a method copies of the free functions that it comes through", () => {
    const text = inMethod("    return deep(this.a) + 1")()
    expect(text).toContain("const look = (a            ) => __gated.now(")
    expect(text).toContain("return (yield* deep$stepped(this.a)) + 1")
    expect(text).toMatch(
      /function\* look\$stepped\(a +\) +\{__gated.enter\(\);try\{ return \(yield __gated.request\("load", "look", a, 0\)\) \}finally/
    )
    expect(text).toMatch(/function\* deep\$stepped\(a +\) +\{.*\{ return \(yield\* look\$stepped\(a\)\) \}/)
  })

  it("lets a function that only pauses be a turn of a spin loop", () => {
    const text = rewritten(
      "const pause = () => { if (typeof Atomics.pause === 'function') Atomics.pause() }",
      "export class A { one() { pause() } }"
    )
    expect(text).toContain(`0, (yield __gated.request("spin", "A.one"))`)
  })

  it("fails when a gated object is used where it cannot be stepped through", async () => {
    const text = rewritten(
      "export class A { one() { return 1 }  two(all: ReadonlyArray<A>) { return all.map((a) => a.one()) } }"
    )
    const { A } = await import(`data:text/javascript,${encodeURIComponent(text)}`) as {
      readonly A: new() => { readonly two: (all: ReadonlyArray<unknown>) => Body<unknown> }
    }
    expect(() => alone(new A().two([new A()]))).toThrow(/A\.two calls the gated method one where it cannot/)
    expect(alone(new A().two([{ one: () => 2 }]))).toEqual([2])
  })

  it("leaves all but plain accesses of a watched module alone", () => {
    const text = watch("program", "export const f = (a: Int32Array, m: any) => { a[1]++; m.ring(); a.fill(a[0]!) }")
    expect(text).toContain(
      `__gated.bump(a, 1, 1, true); m.ring(); __gated.call(a, "fill", [__gated.read(a, 0) ])`
    )
  })
})
