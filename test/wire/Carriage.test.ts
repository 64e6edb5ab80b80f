import { describe, it } from "@effect/vitest"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Region } from "../../src/memory/Region.ts"
import * as Carriage from "../../src/wire/Carriage.ts"
import * as Carry from "../../src/wire/Carry.ts"
import { INVALID } from "../../src/wire/Codec.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds } from "./assertions.ts"

/** A value that belongs to a thread and moves with its message: the desk of the thread knows who holds which. */
class Coin implements Carriage.Carried {
  readonly number: number
  state = "held"
  constructor(number: number, state = "held") {
    this.number = number
    this.state = state
  }
  private step(from: ReadonlyArray<string>, to: string): boolean {
    if (!from.includes(this.state)) return false
    this.state = to
    return true
  }
  hold(): boolean {
    return this.step(["held"], "leaving")
  }
  send(): boolean {
    return this.step(["held", "leaving"], "moved")
  }
  restore(): void {
    this.step(["leaving", "moved"], "held")
  }
  isUnderway(): boolean {
    return this.state === "moved"
  }
  take(): boolean {
    return this.step(["arrived", "held"], "held")
  }
  drop(): void {
    this.state = "released"
  }
  dropUnused(): void {
    this.step(["held"], "released")
  }
  gone(): Error {
    return new Error(`coin ${this.number} is ${this.state}`)
  }
}

const Desk = new Carriage.Key<{ readonly known: Set<number> }>("test/Desk")

const CoinSchema = Carry.schema(Schema.Number, "a coin", {
  is: (value): value is Coin => value instanceof Coin,
  canLeave: (coin) => coin.state !== "moved",
  encode: (coin, way) => {
    if (way === undefined) return coin.number
    if (way.carriage.get(Desk)?.known.has(coin.number) !== true) return new Carry.Unfit(`no desk for ${coin.number}`)
    way.carried.push(coin)
    return coin.number
  },
  decode: (number, { carriage, carried }) => {
    if (carriage.get(Desk)?.known.has(number) !== true) return new Carry.Unfit("nobody here knows it")
    const coin = new Coin(number, "arrived")
    carried.push(coin)
    return coin
  }
})

const Purse = Schema.Struct({
  owner: Schema.String,
  coins: Schema.ReadonlyMap(Schema.String, CoinSchema),
  either: Schema.Union([
    Schema.Struct({ coin: CoinSchema, must: Schema.Number }),
    Schema.Struct({ coin: CoinSchema })
  ])
})

const threads = () => {
  const [here, there] = [new Carriage.Carriage(), new Carriage.Carriage()]
  for (const carriage of [here, there]) carriage.provide(Desk, { known: new Set([1, 2, 3]) })
  return { here, there }
}

const purse = (...numbers: ReadonlyArray<number>) => {
  const [first, second] = numbers.map((number) => new Coin(number))
  return {
    coins: [first!, second!],
    message: { owner: "a", coins: new Map([["x", first!]]), either: { coin: second! } }
  }
}

describe("Carriage", () => {
  it("knows what moves with a message without a walk over it, each once, in any container and any member of a union", () => {
    for (const codec of bothBackEnds(Purse)) {
      const { here, there } = threads()
      const { coins, message } = purse(1, 2)
      const scratch = new Scratch(here)
      assert.strictEqual(codec.isValid(message), true)
      const bytes = codec.encode(message, scratch)
      assert.ok(bytes !== INVALID)
      assert.deepStrictEqual(scratch.cargo, coins)
      const { cargo } = scratch
      Carriage.send(cargo, message)
      assert.deepStrictEqual(coins.map((coin) => coin.state), ["moved", "moved"])
      const region = Region.make(bytes)
      scratch.copyTo(region, 0)
      const read = codec.read(region, 0, bytes, there)
      assert.deepStrictEqual(there.arrived.map((coin) => (coin as Coin).number), [1, 2])
      assert.strictEqual(Carriage.take(there.arrived), true)
      assert.strictEqual(read.either.coin.state, "held")
      assert.strictEqual(
        codec.encode({ owner: "b", coins: new Map(), either: { coin: new Coin(3) } }, scratch) > 0,
        true
      )
      assert.strictEqual(scratch.cargo.length, 1)
      assert.strictEqual(cargo.length, 2)
      assert.ok(codec.encode({ owner: "c", coins: new Map(), either: { coin: new Coin(1) } }, scratch) > 0)
      scratch.copyTo(region, 0)
      codec.read(region, 0, bytes, there)
      assert.strictEqual(there.arrived.length, 1)
    }
  })

  it("moves all of a message or none", () => {
    const { coins } = purse(1, 2)
    coins[1]!.state = "moved"
    assert.throws(() => Carriage.send(coins, {}), /coin 2 is moved/)
    assert.deepStrictEqual(coins.map((coin) => coin.state), ["held", "moved"])
    coins[1]!.state = "held"
    Carriage.hold(coins, {})
    Carriage.restore(coins)
    assert.deepStrictEqual(coins.map((coin) => coin.state), ["held", "held"])
  })

  it("releases what arrived with something that somebody else took", () => {
    const arrived = [new Coin(1, "arrived"), new Coin(2, "released")]
    assert.strictEqual(Carriage.take(arrived), false)
    assert.deepStrictEqual(arrived.map((coin) => coin.state), ["released", "released"])
  })

  it("without the service of a kind refuses its values, and does not decode them", () => {
    for (const codec of bothBackEnds(Schema.Struct({ coin: CoinSchema }))) {
      const { here } = threads()
      assert.strictEqual(codec.encode({ coin: new Coin(1) }, new Scratch()), INVALID)
      const scratch = new Scratch(here)
      const bytes = codec.encode({ coin: new Coin(1) }, scratch)
      const region = Region.make(bytes)
      scratch.copyTo(region, 0)
      assert.throws(() => codec.read(region, 0, bytes), /a coin can only be read inside of a message/)
      assert.throws(() => codec.read(region, 0, bytes, new Carriage.Carriage()), /nobody here knows it/)
    }
  })

  it("reaches values that only the parser of the schema around them gets to", () => {
    const Pocket = Schema.Struct({
      coin: Schema.optionalKey(CoinSchema),
      all: Schema.optionalKey(Schema.Array(CoinSchema))
    })
    for (const codec of bothBackEnds(Pocket)) {
      const { here, there } = threads()
      const scratch = new Scratch(here)
      const coins = [new Coin(1), new Coin(2), new Coin(3)]
      const pocket = { coin: coins[0]!, all: coins.slice(1) }
      assert.strictEqual(codec.isValid(pocket), true)
      const bytes = codec.encode(pocket, scratch)
      assert.ok(bytes !== INVALID)
      assert.deepStrictEqual(scratch.cargo, coins)
      const region = Region.make(bytes)
      scratch.copyTo(region, 0)
      const read = codec.read(region, 0, bytes, there)
      assert.strictEqual(read.coin?.number, 1)
      assert.deepStrictEqual(there.arrived, [read.coin, ...read.all!])
      assert.throws(() => codec.read(region, 0, bytes), /a coin can only be read inside of a message/)
      assert.strictEqual(codec.encode({}, scratch) > 0, true)
      assert.strictEqual(scratch.cargo.length, 0)
    }
  })

  it("has a list for each of two readings, of which one goes on inside of the other", () => {
    const { here, there } = threads()
    const [inner] = bothBackEnds(CoinSchema)
    const region = Region.make(64)
    const scratch = new Scratch(here)
    const innerBytes = inner.encode(new Coin(3), scratch)
    scratch.copyTo(region, 32)
    const Nosy = Schema.Struct({
      first: CoinSchema,
      look: Schema.Number.pipe(Schema.decodeTo(
        Schema.Number,
        SchemaTransformation.transform<number, number>({
          decode: (n) => {
            inner.read(region, 32, 32 + innerBytes, there)
            return n
          },
          encode: (n) => n
        })
      )),
      last: CoinSchema
    })
    for (const codec of bothBackEnds(Nosy)) {
      const bytes = codec.encode({ first: new Coin(1), look: 0, last: new Coin(2) }, scratch)
      scratch.copyTo(region, 0)
      codec.read(region, 0, bytes, there)
      assert.deepStrictEqual(there.arrived.map((coin) => (coin as Coin).number), [1, 2])
    }
  })

  it("lets what is written of a value be transformed further", () => {
    const Text = CoinSchema.pipe(Schema.encodeTo(Schema.String, SchemaTransformation.numberFromString))
    for (const codec of bothBackEnds(Schema.Struct({ coin: Text }))) {
      const { here, there } = threads()
      const scratch = new Scratch(here)
      const bytes = codec.encode({ coin: new Coin(2) }, scratch)
      const region = Region.make(bytes)
      scratch.copyTo(region, 0)
      assert.ok(/coin:text/.test(codec.layout))
      assert.strictEqual(codec.read(region, 0, bytes, there).coin.number, 2)
    }
  })

  it("says why a value cannot travel, in the words of its kind, and why others are refused without a word about it", () => {
    for (const codec of bothBackEnds(Schema.Struct({ coin: CoinSchema, n: Schema.Number }))) {
      const { here } = threads()
      const stranger = { coin: new Coin(9), n: 1 }
      assert.strictEqual(codec.isValid(stranger), true)
      assert.strictEqual(codec.encode(stranger, new Scratch(here)), INVALID)
      assert.ok(/no desk for 9/.test(codec.explain(stranger, here)))
      assert.ok(/no desk for 1/.test(codec.explain({ coin: new Coin(1), n: 1 })))
      assert.ok(!/coin|desk/.test(codec.explain({ coin: new Coin(1), n: "1" })))
      assert.ok(!/coin|desk/.test(codec.explain({ coin: new Coin(1), n: "1" }, here)))
      assert.ok(/a coin/.test(codec.explain({ coin: 1, n: 1 }, here)))
    }
  })

  it("is there for the codec that it was given to, and for nobody who runs meanwhile", () => {
    const seen: Array<boolean> = []
    const Curious = Schema.Struct({
      coin: CoinSchema,
      n: Schema.Number.check(Schema.makeFilter(() => {
        seen.push(Exit.isSuccess(Schema.encodeExit(CoinSchema)(new Coin(1))))
        return true
      }))
    })
    for (const codec of bothBackEnds(Curious)) {
      assert.ok(codec.encode({ coin: new Coin(1), n: 1 }, new Scratch(threads().here)) > 0)
    }
    assert.ok(seen.length >= 2)
    assert.deepStrictEqual(new Set(seen), new Set([false]))
  })
})
