import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Region } from "../../src/memory/Region.ts"
import * as Codec from "../../src/wire/Codec.ts"
import * as Parcel from "../../src/wire/Parcel.ts"
import { ArenaFull, ArenaTaken, ParcelGone, ParcelTooLarge, TooManyReferences } from "../../src/wire/ParcelError.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import { MalformedRecord, SchemaUnsupported } from "../../src/wire/WireError.ts"

const BLOCK = 4096

const open = (blocks = 8, references = 4) => {
  const memory = Arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, references })
  return { memory, here: Parcel.open(memory, 1), there: new Arena.ArenaEnd(memory, 2) }
}

const used = (memory: SharedArrayBuffer): number => usage(memory).usedBytes / BLOCK

/** Sends a message to this very thread, as a channel would. */
const channel = <S extends Schema.Top>(schema: S, options?: { readonly eval?: boolean }) => {
  const codec = Codec.compile(schema, options)
  const carrier = Parcel.carrier(schema)!
  const region = Region.make(1024)
  const scratch = new Scratch()
  const write = (message: S["Type"]): number => {
    expect(codec.isValid(message)).toBe(true)
    const bytes = codec.encode(message, scratch)
    if (bytes !== Codec.INVALID) scratch.copyTo(region, 0)
    return bytes
  }
  const read = (end: number): S["Type"] => codec.read(region, 0, end)
  return {
    codec,
    carrier,
    region,
    write,
    read,
    pass: (message: S["Type"]): S["Type"] => {
      const end = write(message)
      carrier.send(message)
      const arrived = read(end)
      expect(carrier.take(arrived)).toBe(true)
      return arrived
    }
  }
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
      expect(Parcel.carrier(schema) !== undefined).toBe(leaf === Parcel.Unique)
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

describe("Parcel.open", () => {
  it("answers the same end for the same memory, and refuses another under its number", () => {
    const { here, memory } = open()
    expect(Parcel.open(memory, 1)).toBe(here)
    expect(() => Parcel.open(memory, 2)).toThrow(ArenaTaken)
    const twin = Arena.create({ capacityBytes: BLOCK, blockBytes: BLOCK, id: here.id })
    expect(() => Parcel.open(twin, 1)).toThrow(ArenaTaken)
    Parcel.close(here)
    expect(Parcel.open(twin, 1).buffer).toBe(twin)
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
      const arrived = frames().pass({ width: 50, pixels })
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
      const { carrier, read, write } = frames()
      const message = { width: 1, pixels }
      write(message)
      expect(pixels.isHeld).toBe(true)
      const end = write(message)
      const early = read(end)
      expect(carrier.take(early)).toBe(false)
      expect(gone(() => early.pixels.bytes)).toBe("lost")
      carrier.send(message)
      const first = read(end)
      const second = read(end)
      expect(gone(() => first.pixels.bytes)).toBe("arrived")
      expect(carrier.take(first)).toBe(true)
      expect(carrier.take(second)).toBe(false)
      expect(carrier.take(read(end))).toBe(false)
      expect(first.pixels.isHeld).toBe(true)
      expect(there.recover(1).freed).toBe(1)
      expect(gone(() => first.pixels.bytes.length + first.pixels.bytes.length)).toBe("lost")
    })

    it("is refused when its parcel is not held", () => {
      const { here } = open()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const { carrier, codec, pass } = frames()
      const message = { width: 1, pixels }
      pass(message)
      expect(codec.isValid(message)).toBe(false)
      expect(codec.encode(message, new Scratch())).toBe(Codec.INVALID)
      expect(codec.explain(message)).toContain("moved away in a message")
      expect(gone(() => carrier.send(message))).toBe("moved")
      expect(codec.isValid({ width: 1, pixels: {} as Parcel.Unique })).toBe(false)
      expect(codec.isValid({ width: 1, pixels: new Uint8Array(4) as never })).toBe(false)
    })

    it("is restored with its parcel when the record is aborted", () => {
      const { here } = open()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const { carrier, pass, read, write } = frames()
      const message = { width: 1, pixels }
      const end = write(message)
      carrier.send(message)
      carrier.restore(message)
      expect(pixels.isHeld).toBe(true)
      expect(carrier.take(read(end))).toBe(false)
      expect(pixels.bytes.length).toBe(10)
      expect(pass(message).pixels.bytes.length).toBe(10)
    })

    it("is not restored once it was taken", () => {
      const { here, memory } = open()
      const { carrier, pass } = frames()
      const message = { width: 1, pixels: Parcel.allocateUnsafe(here, 10) }
      const arrived = pass(message)
      carrier.restore(message)
      expect(gone(() => message.pixels.bytes)).toBe("lost")
      expect(arrived.pixels.bytes.length).toBe(10)
      expect(used(memory)).toBe(1)
    })

    it("keeps its parcel from its sender while it waits to be written, and from other messages", () => {
      const { here, memory } = open()
      const { carrier, codec, read, write } = frames()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const message = { width: 1, pixels }
      carrier.hold(message)
      expect(pixels.isHeld).toBe(false)
      expect(gone(() => pixels.bytes)).toBe("moved")
      expect(gone(() => pixels.release())).toBe("moved")
      expect(gone(() => carrier.hold(message))).toBe("moved")
      expect(gone(() => carrier.send({ width: 2, pixels }))).toBe("moved")
      expect(codec.isValid(message)).toBe(true)
      carrier.restore(message)
      expect(pixels.bytes.length).toBe(10)
      carrier.hold(message)
      const end = write(message)
      carrier.send(message)
      const arrived = read(end)
      expect(carrier.take(arrived)).toBe(true)
      carrier.drop(arrived)
      const given = { width: 3, pixels: Parcel.allocateUnsafe(here, 10) }
      carrier.hold(given)
      carrier.drop(given)
      expect(used(memory)).toBe(0)
    })

    it("does not wait with a parcel that was recovered with its thread", () => {
      const { here, there } = open()
      const message = { width: 1, pixels: Parcel.allocateUnsafe(here, 10) }
      expect(there.recover(1).freed).toBe(1)
      expect(gone(() => frames().carrier.hold(message))).toBe("lost")
    })

    it("is found once where a field and the rest of its struct both have it", () => {
      const { here, memory } = open()
      const schema = Schema.StructWithRest(Schema.Struct({ first: Parcel.Unique }), [
        Schema.Record(Schema.String, Parcel.Unique)
      ])
      const { carrier, pass } = channel(schema, { eval: evaluate })
      const [first, other] = [Parcel.allocateUnsafe(here, 1), Parcel.allocateUnsafe(here, 1)]
      const arrived = pass({ first, other })
      expect([arrived.first.isHeld, arrived["other"]!.isHeld]).toEqual([true, true])
      carrier.drop(arrived)
      expect(used(memory)).toBe(0)
    })

    it("leaves nothing behind when it is dropped, taken or not", () => {
      const { here, memory } = open()
      const { carrier, pass, read, write } = frames()
      const message = { width: 1, pixels: Parcel.allocateUnsafe(here, 10) }
      const end = write(message)
      carrier.send(message)
      const unread = read(end)
      carrier.drop(unread)
      carrier.drop(unread)
      expect(used(memory)).toBe(0)
      const taken = pass({ width: 1, pixels: Parcel.allocateUnsafe(here, 10) })
      carrier.drop(taken)
      expect(gone(() => taken.pixels.bytes)).toBe("released")
      const unsent = { width: 1, pixels: Parcel.allocateUnsafe(here, 10) }
      carrier.drop(unsent)
      expect(used(memory)).toBe(0)
    })

    it("is malformed when its handle or its arena is none", () => {
      const { here } = open()
      const { read, region, write } = frames()
      const pixels = Parcel.allocateUnsafe(here, 10)
      const end = write({ width: 1, pixels })
      // The width takes the first slot.
      const handle = region.f64[1]!
      for (const bad of [-1, NaN, 0.5, handle + 1, handle + 256 * 1000, 2 ** 60]) {
        region.f64[1] = bad
        expect(() => read(end)).toThrow(MalformedRecord)
      }
      region.f64[1] = handle
      expect(read(end).width).toBe(1)
      Parcel.close(here)
      expect(() => read(end)).toThrow("is not open on this thread")
      expect(pixels.isHeld).toBe(true)
    })
  }
)

describe("a message with several parcels", () => {
  const Pair = Schema.Struct({ left: Parcel.Unique, right: Parcel.Unique })

  it("is sent with all of them or none", () => {
    const { here, memory } = open()
    const { carrier, pass, write } = channel(Pair)
    const left = Parcel.allocateUnsafe(here, 1)
    const twice = { left, right: left }
    write(twice)
    expect(gone(() => carrier.send(twice))).toBe("moved")
    expect(left.isHeld).toBe(true)
    const right = Parcel.allocateUnsafe(here, 1)
    const pair = { left, right }
    write(pair)
    right.release()
    expect(gone(() => carrier.send(pair))).toBe("released")
    expect(left.isHeld).toBe(true)
    const arrived = pass({ left, right: Parcel.allocateUnsafe(here, 1) })
    expect(used(memory)).toBe(2)
    carrier.drop(arrived)
    expect(used(memory)).toBe(0)
  })

  it("is taken with all of them or none, and nothing is left", () => {
    const { here, memory, there } = open()
    const { carrier, read, region, write } = channel(Pair)
    const pair = { left: Parcel.allocateUnsafe(here, 1), right: Parcel.allocateUnsafe(here, 1) }
    const end = write(pair)
    carrier.send(pair)
    // Its first reader died between the two.
    there.adopt(region.f64[0]!)
    const arrived = read(end)
    expect(carrier.take(arrived)).toBe(false)
    expect(gone(() => arrived.left.bytes)).toBe("lost")
    expect(gone(() => arrived.right.bytes)).toBe("released")
    expect(used(memory)).toBe(1)
    expect(here.recover(2).freed).toBe(1)
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
    const first = pass({ data: data.clone() })
    const second = pass({ data })
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
    const end = shared.write({ data })
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

describe("Parcel.carrier", () => {
  it("is undefined for messages without parcels, and compiled once", () => {
    expect(Parcel.carrier(Schema.Struct({ a: Schema.String, b: Schema.Array(Schema.Number) }))).toBeUndefined()
    expect(Parcel.carrier(Schema.Uint8Array)).toBeUndefined()
    expect(Parcel.carrier(Frame)).toBe(Parcel.carrier(Frame))
  })

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
      place: "a recursive schema",
      schema: Layered,
      of: (p) => ({ pixels: p(), below: { pixels: p(), below: { pixels: p(), below: null } } }),
      parcels: 3
    }
  ]

  it.each(places)("finds parcels in $place", ({ of, parcels, schema }) => {
    const { here, memory } = open()
    const made: Array<Parcel.Unique> = []
    const message = of(() => {
      const parcel = Parcel.allocateUnsafe(here, 8)
      parcel.bytes.fill(made.push(parcel))
      return parcel
    })
    const { carrier, pass } = channel(schema)
    const arrived = pass(message)
    expect(made.length).toBe(parcels)
    expect(made.every((parcel) => !parcel.isHeld)).toBe(true)
    expect(used(memory)).toBe(parcels)
    carrier.drop(arrived)
    expect(used(memory)).toBe(0)
  })

  it("finds nothing where nothing is", () => {
    const { pass } = channel(Schema.Option(Parcel.Unique))
    expect(pass(Option.none())).toEqual(Option.none())
    const nullable = channel(Schema.NullOr(Parcel.Unique))
    expect(nullable.pass(null)).toBeNull()
  })

  it("refuses schemas in which it could not find them", () => {
    expect(() => Parcel.carrier(Schema.HashMap(Schema.String, Parcel.Unique))).toThrow(SchemaUnsupported)
    const hidden = Schema.Struct({ id: Schema.Number }).pipe(Schema.encodeTo(Schema.Struct({ it: Parcel.Unique }), {
      decode: undefined as never,
      encode: undefined as never
    }))
    expect(() => Parcel.carrier(Schema.Array(hidden))).toThrow(SchemaUnsupported)
  })
})
