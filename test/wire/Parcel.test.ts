import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { describe, expect, it } from "vitest"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Region } from "../../src/memory/Region.ts"
import { Arenas, Open } from "../../src/wire/Arenas.ts"
import * as Carriage from "../../src/wire/Carriage.ts"
import * as Codec from "../../src/wire/Codec.ts"
import * as Parcel from "../../src/wire/Parcel.ts"
import { ArenaFull, ArenaTaken, ParcelGone, ParcelTooLarge, TooManyReferences } from "../../src/wire/ParcelError.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { MalformedRecord } from "../../src/wire/WireError.ts"

const BLOCK = 4096

const arenas = new Arenas()
const carriage = new Carriage.Carriage().provide(Open, arenas)

const open = (blocks = 8, references = 4) => {
  const memory = Arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, references })
  return { memory, here: arenas.open(memory, 1), there: new Arena.ArenaEnd(memory, 2) }
}

const used = (memory: SharedArrayBuffer): number => usage(memory).usedBytes / BLOCK

/** Sends a message to this very thread, as a channel would. */
const channel = <S extends Schema.Top>(schema: S, options?: { readonly eval?: boolean }) => {
  const codec = Codec.compile(schema, options)
  expect(codec.carries).toBe(true)
  const region = Region.make(1024)
  const scratch = new Scratch(carriage)
  const write = (message: S["Type"]): Written => {
    expect(codec.isValid(message)).toBe(true)
    const end = codec.encode(message, scratch)
    expect(end).toBeGreaterThan(0)
    scratch.copyTo(region, 0)
    return { end, cargo: scratch.cargo }
  }
  const read = (end: number): { readonly message: S["Type"]; readonly arrived: Carriage.Cargo } => ({
    message: codec.read(region, 0, end, carriage),
    arrived: carriage.arrived
  })
  return {
    codec,
    region,
    write,
    read,
    pass: (message: S["Type"]): { readonly message: S["Type"]; readonly arrived: Carriage.Cargo } => {
      const { cargo, end } = write(message)
      Carriage.send(cargo, message)
      const read = { message: codec.read(region, 0, end, carriage), arrived: carriage.arrived }
      expect(Carriage.take(read.arrived)).toBe(true)
      return read
    }
  }
}

interface Written {
  readonly end: number
  readonly cargo: Carriage.Cargo
}

/** A schema of so many nodes that lead to one another by many ways; counts how often it is asked where one leads. */
const tangle = (nodes: number, leaf: Schema.Top): { readonly schema: Schema.Top; readonly asked: () => number } => {
  let asked = 0
  const all: Array<Schema.Top> = []
  const to = (node: number) =>
    Schema.NullOr(Schema.suspend(() => {
      asked++
      return all[node % nodes] as Schema.Codec<unknown>
    }))
  for (let node = 0; node < nodes; node++) {
    const ways = { a: to(node + 1), b: to(node + 2), c: to(2 * node + 3), d: to(3 * node + 1) }
    all.push(Schema.Struct(node === 0 ? { leaf, ...ways } : ways))
  }
  return { schema: all[nodes - 1]!, asked: () => asked }
}

describe("whether a schema has parcels", () => {
  it("is found in one walk, however many ways lead from node to node", () => {
    for (const leaf of [Parcel.Unique, Schema.String]) {
      const { asked, schema } = tangle(40, leaf)
      expect(Codec.compile(schema).carries).toBe(leaf === Parcel.Unique)
      expect(asked()).toBeLessThan(40 * 4 * 4)
    }
  })
})

const gone = (run: () => unknown): string | undefined => {
  try {
    run()
  } catch (error) {
    if (error instanceof ParcelGone) return error.happened
    throw error
  }
  return undefined
}

const Frame = Schema.Struct({ width: Codec.width("u32")(Schema.Number), pixels: Parcel.Unique })

describe("Arenas", () => {
  it("answers the same end for the same memory, and refuses another under its number", () => {
    const { here, memory } = open()
    expect(arenas.open(memory, 1)).toBe(here)
    expect(() => arenas.open(memory, 2)).toThrow(ArenaTaken)
    const twin = Arena.create({ capacityBytes: BLOCK, blockBytes: BLOCK, id: here.id })
    expect(() => arenas.open(twin, 1)).toThrow(ArenaTaken)
    arenas.close(here)
    expect(arenas.at(here.id)).toBe(here)
    arenas.close(here)
    expect(arenas.open(twin, 1).buffer).toBe(twin)
  })
})

describe("Parcel.allocate", () => {
  it("gives bytes to write to, and takes them back once", () => {
    const { here, memory } = open()
    const parcel = Effect.runSync(Parcel.allocate(here, 5000))
    parcel.bytes.fill(3)
    expect(parcel.bytes.length).toBe(5000)
    expect(parcel.isHeld).toBe(true)
    parcel.release()
    expect(parcel.isHeld).toBe(false)
    expect(gone(() => parcel.bytes)).toBe("released")
    expect(gone(() => parcel.release())).toBe("released")
    expect(gone(() => parcel.share())).toBe("released")
    expect(used(memory)).toBe(0)
  })

  it("fails with what it would have taken", () => {
    const { here } = open(4)
    Parcel.allocateUnsafe(here, 3 * BLOCK)
    const full = Effect.runSync(Effect.flip(Parcel.allocate(here, BLOCK + 1)))
    expect(full).toEqual(
      new ArenaFull({ bytes: BLOCK + 1, largestFreeBytes: BLOCK, usedBytes: 3 * BLOCK, capacityBytes: 4 * BLOCK })
    )
    const large = Effect.runSync(Effect.flip(Parcel.allocate(here, 4 * BLOCK + 1)))
    expect(large).toEqual(new ParcelTooLarge({ bytes: 4 * BLOCK + 1, capacityBytes: 4 * BLOCK }))
  })

  it("throws at a size that is none", () => {
    const { here } = open()
    for (const bytes of [0, -1, NaN, 1.5]) {
      expect(() => Parcel.allocateUnsafe(here, bytes)).toThrow(`${bytes} bytes cannot be allocated`)
    }
  })
})

describe.each([{ back: "generated code", eval: true }, { back: "closures", eval: false }])(
  "a message with a parcel, $back",
  ({ eval: evaluate }) => {
    const frames = () => channel(Frame, { eval: evaluate })

    it("moves the parcel: the sender's object is dead, the receiver's has the same bytes", () => {
      const { here, memory } = open()
      const pixels = Parcel.allocateUnsafe(here, 5000)
      pixels.bytes.fill(9)
      const at = pixels.bytes.byteOffset
      const { message: arrived } = frames().pass({ width: 50, pixels })
      expect(arrived.width).toBe(50)
      expect(arrived.pixels.bytes.byteOffset).toBe(at)
      expect(arrived.pixels.bytes.every((byte) => byte === 9)).toBe(true)
      expect(gone(() => pixels.bytes)).toBe("moved")
      expect(gone(() => pixels.release())).toBe("moved")
      arrived.pixels.release()
      expect(used(memory)).toBe(0)
    })

    it("is written and read any number of times, and moves when it is sent", () => {
      const { here, there } = open()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const { read, write } = frames()
      const message = { width: 1, pixels }
      write(message)
      expect(pixels.isHeld).toBe(true)
      const { cargo, end } = write(message)
      const early = read(end)
      expect(Carriage.take(early.arrived)).toBe(false)
      expect(gone(() => early.message.pixels.bytes)).toBe("lost")
      Carriage.send(cargo, message)
      const first = read(end)
      const second = read(end)
      expect(gone(() => first.message.pixels.bytes)).toBe("arrived")
      expect(Carriage.take(first.arrived)).toBe(true)
      expect(Carriage.take(second.arrived)).toBe(false)
      expect(Carriage.take(read(end).arrived)).toBe(false)
      expect(first.message.pixels.isHeld).toBe(true)
      expect(there.recover(1).freed).toBe(1)
      expect(gone(() => first.message.pixels.bytes.length)).toBe("lost")
    })

    it("is refused when its parcel is not held", () => {
      const { here } = open()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const { codec, pass } = frames()
      const message = { width: 1, pixels }
      pass(message)
      expect(codec.isValid(message)).toBe(false)
      expect(codec.encode(message, new Scratch(carriage))).toBe(Codec.INVALID)
      expect(codec.explain(message, carriage)).toContain("moved away in a message")
      expect(codec.isValid({ width: 1, pixels: {} as Parcel.Unique })).toBe(false)
      expect(codec.isValid({ width: 1, pixels: new Uint8Array(4) as never })).toBe(false)
    })

    it("is restored with its parcel when the record is aborted", () => {
      const { here } = open()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const { pass, read, write } = frames()
      const message = { width: 1, pixels }
      const { cargo, end } = write(message)
      Carriage.send(cargo, message)
      Carriage.restore(cargo)
      expect(pixels.isHeld).toBe(true)
      expect(Carriage.take(read(end).arrived)).toBe(false)
      expect(pixels.bytes.length).toBe(10)
      expect(pass(message).message.pixels.bytes.length).toBe(10)
    })

    it("is not restored once it was taken", () => {
      const { here, memory } = open()
      const { read, write } = frames()
      const message = { width: 1, pixels: Parcel.allocateUnsafe(here, 10) }
      const { cargo, end } = write(message)
      Carriage.send(cargo, message)
      const arrived = read(end)
      Carriage.take(arrived.arrived)
      Carriage.restore(cargo)
      expect(gone(() => message.pixels.bytes)).toBe("lost")
      expect(arrived.message.pixels.bytes.length).toBe(10)
      expect(used(memory)).toBe(1)
    })

    it("keeps its parcel from its sender while it waits, and from other messages", () => {
      const { here, memory } = open()
      const { codec, read, write } = frames()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const message = { width: 1, pixels }
      const { cargo, end } = write(message)
      Carriage.hold(cargo, message)
      expect(pixels.isHeld).toBe(false)
      expect(gone(() => pixels.bytes)).toBe("moved")
      expect(gone(() => pixels.release())).toBe("moved")
      expect(gone(() => Carriage.hold(cargo, message))).toBe("moved")
      expect(gone(() => Carriage.send(cargo, { width: 2, pixels }))).toBe("moved")
      expect(codec.isValid(message)).toBe(false)
      Carriage.restore(cargo)
      expect(pixels.bytes.length).toBe(10)
      Carriage.hold(cargo, message)
      Carriage.send(cargo, message)
      const { arrived } = read(end)
      expect(Carriage.take(arrived)).toBe(true)
      Carriage.drop(arrived)
      const given = write({ width: 3, pixels: Parcel.allocateUnsafe(here, 10) })
      Carriage.hold(given.cargo, given)
      Carriage.drop(given.cargo)
      expect(used(memory)).toBe(0)
    })

    it("does not wait with a parcel that was recovered with its thread", () => {
      const { here, there } = open()
      const { cargo } = frames().write({ width: 1, pixels: Parcel.allocateUnsafe(here, 10) })
      expect(there.recover(1).freed).toBe(1)
      expect(gone(() => Carriage.hold(cargo, cargo))).toBe("lost")
    })

    it("leaves nothing behind when it is dropped, taken or not", () => {
      const { here, memory } = open()
      const { pass, read, write } = frames()
      const message = { width: 1, pixels: Parcel.allocateUnsafe(here, 10) }
      const { cargo, end } = write(message)
      Carriage.send(cargo, message)
      const unread = read(end)
      Carriage.drop(unread.arrived)
      Carriage.drop(unread.arrived)
      expect(used(memory)).toBe(0)
      const taken = pass({ width: 1, pixels: Parcel.allocateUnsafe(here, 10) })
      Carriage.drop(taken.arrived)
      expect(gone(() => taken.message.pixels.bytes)).toBe("released")
      Carriage.drop(write({ width: 1, pixels: Parcel.allocateUnsafe(here, 10) }).cargo)
      expect(used(memory)).toBe(0)
    })

    it("is malformed when its handle or its arena is none", () => {
      const { here } = open()
      const { read, region, write } = frames()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const { end } = write({ width: 1, pixels })
      // The width takes the first slot.
      const handle = region.f64[1]!
      for (const bad of [-1, NaN, 0.5, handle + 1, handle + 256 * 1000, 2 ** 60]) {
        region.f64[1] = bad
        expect(() => read(end)).toThrow(MalformedRecord)
      }
      region.f64[1] = handle
      expect(read(end).message.width).toBe(1)
      arenas.close(here)
      expect(() => read(end)).toThrow("is not open on this thread")
      expect(pixels.isHeld).toBe(true)
    })
  }
)

describe("a message with several parcels", () => {
  const Pair = Schema.Struct({ left: Parcel.Unique, right: Parcel.Unique })

  it("is sent with all of them or none", () => {
    const { here, memory } = open()
    const { pass, write } = channel(Pair)
    const left = Parcel.allocateUnsafe(here, 1)
    const twice = write({ left, right: left })
    expect(gone(() => Carriage.send(twice.cargo, twice))).toBe("moved")
    expect(left.isHeld).toBe(true)
    const right = Parcel.allocateUnsafe(here, 1)
    const pair = write({ left, right })
    right.release()
    expect(gone(() => Carriage.send(pair.cargo, pair))).toBe("released")
    expect(left.isHeld).toBe(true)
    const { arrived } = pass({ left, right: Parcel.allocateUnsafe(here, 1) })
    expect(used(memory)).toBe(2)
    Carriage.drop(arrived)
    expect(used(memory)).toBe(0)
  })

  it("is taken with all of them or none, and nothing is left", () => {
    const { here, memory, there } = open()
    const { read, region, write } = channel(Pair)
    const { cargo, end } = write({ left: Parcel.allocateUnsafe(here, 1), right: Parcel.allocateUnsafe(here, 1) })
    Carriage.send(cargo, {})
    // Its first reader died between the two.
    there.adopt(region.f64[0]!)
    const { arrived, message } = read(end)
    expect(Carriage.take(arrived)).toBe(false)
    expect(gone(() => message.left.bytes)).toBe("lost")
    expect(gone(() => message.right.bytes)).toBe("released")
    expect(used(memory)).toBe(1)
    expect(here.recover(2).freed).toBe(1)
    expect(used(memory)).toBe(0)
  })

  it("that cannot be read to its end has arrived as far as it was read", () => {
    const { here, memory } = open()
    const { read, region, write } = channel(Pair)
    const { cargo, end } = write({ left: Parcel.allocateUnsafe(here, 1), right: Parcel.allocateUnsafe(here, 1) })
    Carriage.send(cargo, {})
    // The handle of the second one.
    region.f64[2] = NaN
    expect(() => read(end)).toThrow(MalformedRecord)
    expect(carriage.arrived.length).toBe(1)
    Carriage.drop(carriage.arrived)
    expect(used(memory)).toBe(1)
    here.forget(1)
    expect(used(memory)).toBe(0)
  })
})

describe("a shared parcel", () => {
  const Chunk = Schema.Struct({ data: Parcel.Shared })

  it("is read through each reference, and freed with the last", () => {
    const { here, memory } = open()
    const { pass } = channel(Chunk)
    const parcel = Parcel.allocateUnsafe(here, 100)
    parcel.bytes.fill(4)
    const data = parcel.share()
    expect(gone(() => parcel.bytes)).toBe("shared")
    const { message: first } = pass({ data: data.clone() })
    const { message: second } = pass({ data })
    expect(gone(() => data.clone())).toBe("moved")
    expect(first.data.bytes[99]! + second.data.bytes[0]!).toBe(8)
    first.data.release()
    expect(used(memory)).toBe(1)
    expect(second.data.bytes[50]).toBe(4)
    second.data.release()
    expect(used(memory)).toBe(0)
  })

  it("has only so many references", () => {
    const { here } = open(2, 2)
    const data = Parcel.allocateUnsafe(here, 100).share()
    const other = data.clone()
    expect(() => data.clone()).toThrow(TooManyReferences)
    other.release()
    expect(data.clone().isHeld).toBe(true)
  })

  it("is not taken for an unshared one, nor the other way round", () => {
    const { here } = open()
    const shared = channel(Chunk)
    const unique = channel(Schema.Struct({ data: Parcel.Unique }))
    const parcel = Parcel.allocateUnsafe(here, 100)
    const data = Parcel.allocateUnsafe(here, 100).share()
    expect(shared.codec.isValid({ data: parcel as unknown as Parcel.Shared })).toBe(false)
    expect(unique.codec.isValid({ data: data as unknown as Parcel.Unique })).toBe(false)
    const { end } = shared.write({ data })
    unique.region.u8.set(shared.region.u8)
    expect(() => unique.read(end)).toThrow(MalformedRecord)
    unique.write({ data: parcel })
    shared.region.u8.set(unique.region.u8)
    expect(() => shared.read(end)).toThrow(MalformedRecord)
  })
})

class Picture extends Schema.Class<Picture>("test/Picture")({ name: Schema.String, pixels: Parcel.Unique }) {}

interface Layered {
  readonly pixels: Parcel.Unique
  readonly below: Layered | null
}
const Layered: Schema.Codec<Layered, unknown> = Schema.Struct({
  pixels: Parcel.Unique,
  below: Schema.NullOr(Schema.suspend((): Schema.Codec<Layered, unknown> => Layered))
})

interface Hidden {
  readonly all: ReadonlyArray<Parcel.Unique>
}
const Hidden = Schema.Array(Parcel.Unique).pipe(Schema.decodeTo(
  Schema.declare((value: unknown): value is Hidden => typeof value === "object" && value !== null && "all" in value),
  SchemaTransformation.transform<Hidden, ReadonlyArray<Parcel.Unique>>({
    decode: (all) => ({ all }),
    encode: ({ all }) => all
  })
))

describe("the parcels of a message", () => {
  const places: ReadonlyArray<{
    readonly place: string
    readonly schema: Schema.Codec<any, any>
    readonly of: (parcel: () => Parcel.Unique) => unknown
    readonly parcels: number
  }> = [
    { place: "the message itself", schema: Parcel.Unique, of: (p) => p(), parcels: 1 },
    { place: "a class", schema: Picture, of: (p) => new Picture({ name: "a", pixels: p() }), parcels: 1 },
    { place: "an array", schema: Schema.Array(Parcel.Unique), of: (p) => [p(), p(), p()], parcels: 3 },
    {
      place: "a tuple",
      schema: Schema.Tuple([Schema.String, Parcel.Unique]),
      of: (p) => ["a", p()],
      parcels: 1
    },
    {
      place: "a record",
      schema: Schema.Record(Schema.String, Parcel.Unique),
      of: (p) => ({ x: p(), y: p() }),
      parcels: 2
    },
    {
      place: "an optional field",
      schema: Schema.Struct({ a: Schema.optionalKey(Parcel.Unique), b: Schema.optional(Parcel.Unique) }),
      of: (p) => ({ a: p() }),
      parcels: 1
    },
    {
      place: "a union",
      schema: Schema.Union([
        Schema.Struct({ _tag: Schema.Literal("A"), it: Parcel.Unique }),
        Schema.Struct({ _tag: Schema.Literal("B"), it: Parcel.Unique, n: Schema.Number }),
        Schema.Null
      ]),
      of: (p) => ({ _tag: "B", it: p(), n: 1 }),
      parcels: 1
    },
    { place: "an option", schema: Schema.Option(Parcel.Unique), of: (p) => Option.some(p()), parcels: 1 },
    {
      place: "a HashMap",
      schema: Schema.HashMap(Schema.String, Parcel.Unique),
      of: (p) => HashMap.make(["x", p()], ["y", p()]),
      parcels: 2
    },
    {
      place: "a Chunk and a map",
      schema: Schema.Struct({ a: Schema.Chunk(Parcel.Unique), b: Schema.ReadonlyMap(Schema.Number, Parcel.Unique) }),
      of: (p) => ({ a: Chunk.make(p(), p()), b: new Map([[1, p()]]) }),
      parcels: 3
    },
    {
      place: "an exit",
      schema: Schema.Exit(Parcel.Unique, Parcel.Unique, Schema.Never),
      of: (p) => Exit.fail(p()),
      parcels: 1
    },
    { place: "a transformation", schema: Hidden, of: (p) => ({ all: [p(), p()] }), parcels: 2 },
    {
      place: "a recursive schema",
      schema: Layered,
      of: (p) => ({ pixels: p(), below: { pixels: p(), below: { pixels: p(), below: null } } }),
      parcels: 3
    }
  ]

  it.each(places)("move with it in $place", ({ of, parcels, schema }) => {
    const { here, memory } = open()
    const made: Array<Parcel.Unique> = []
    const message = of(() => {
      const parcel = Parcel.allocateUnsafe(here, 8)
      parcel.bytes.fill(made.push(parcel))
      return parcel
    })
    const { pass } = channel(schema)
    const { arrived } = pass(message)
    expect(made.length).toBe(parcels)
    expect(made.every((parcel) => !parcel.isHeld)).toBe(true)
    expect(used(memory)).toBe(parcels)
    Carriage.drop(arrived)
    expect(used(memory)).toBe(0)
  })

  it("are none where none are", () => {
    expect(channel(Schema.Option(Parcel.Unique)).pass(Option.none()).arrived).toEqual([])
    expect(channel(Schema.NullOr(Parcel.Unique)).pass(null).message).toBeNull()
    expect(Codec.compile(Schema.Struct({ a: Schema.String, b: Schema.Uint8Array })).carries).toBe(false)
  })
})
