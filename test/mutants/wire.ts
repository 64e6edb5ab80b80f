import type { Mutant } from "../support/mutant.ts"

const edges = "test/wire/CodecEdges.test.ts"
const strings = { file: "src/wire/internal/strings.ts", tests: [edges, "test/wire/Codec.test.ts"] }
const malformed = [edges, "test/wire/CodecMalformed.test.ts", "test/wire/CodecFuzz.test.ts"]
const values = [edges, "test/wire/Codec.test.ts", "test/wire/CodecProperties.test.ts"]
const hostile = [edges, "test/wire/CodecHostile.test.ts", "test/wire/Codec.test.ts"]
const refusals = [
  edges,
  "test/wire/CodecRefusal.test.ts",
  "test/wire/Codec.test.ts",
  "test/wire/CodecProperties.test.ts"
]
const parcels = ["test/wire/Parcel.test.ts"]
const carriage = ["test/wire/Carriage.test.ts"]
const scratch = [edges, "test/wire/Scratch.test.ts", "test/wire/CodecHostile.test.ts"]
const runtime = "src/wire/internal/runtime.ts"
const generate = "src/wire/internal/generate.ts"
const closures = "src/wire/internal/closures.ts"
const arrays = "src/wire/internal/kinds/array.ts"
const union = "src/wire/internal/kinds/union.ts"
const stretch = "src/wire/internal/stretch.ts"
const walk = "src/wire/internal/walk.ts"
const held = "src/wire/internal/parcel.ts"

/** Faults in the codecs, in what messages are written into, and in what travels with them. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...strings,
    why: "every character of a short text decides its form",
    before: "seen |= a | b | c | d",
    after: "seen |= a | b | c"
  },
  {
    ...strings,
    why: "the characters behind the last whole word decide it, too",
    before: "const c = text.charCodeAt(i)\n        seen |= c\n",
    after: "const c = text.charCodeAt(i)\n"
  },
  {
    ...strings,
    why: "a character takes one byte below 256",
    before: "if (c > 255) return writeWide",
    after: "if (c > 256) return writeWide"
  },
  {
    ...strings,
    why: "a long text that takes more bytes than characters is a wide one",
    before: "utf8Write.call(u8, text, offset + 4, n * 2) !== n",
    after: "utf8Write.call(u8, text, offset + 4, n * 2) < n"
  },
  {
    ...strings,
    why: "a wide text has room for two bytes a character",
    before: "to.reserve(offset + text.length * 2 + 11)\n  return placeString",
    after: "to.reserve(offset + text.length + 11)\n  return placeString"
  },
  {
    ...strings,
    why: "only texts of one byte a character are kept as words",
    before: "return seen <= 255",
    after: "return true"
  },
  {
    ...strings,
    why: "a key is written from words only where the record had it before",
    before: "|| key !== texts[index]",
    after: "|| key.length !== texts[index]!.length"
  },
  {
    ...strings,
    why: "a repeated text has its last word",
    before: "if (n > 12) i32[cell + 4] = last.d",
    after: "if (n > 13) i32[cell + 4] = last.d"
  },
  {
    ...strings,
    why: "a text found in the table has all its words",
    before: "tableWords[w + 2] === c && tableWords[w + 3] === d",
    after: "tableWords[w + 2] === c"
  },
  {
    ...strings,
    why: "a text found in the table is as long",
    before: "tableWords[w] === a && tableWords[w + 1] === b && tableWords[w + 4] === n",
    after: "tableWords[w] === a && tableWords[w + 1] === b"
  },
  {
    ...strings,
    tests: malformed,
    why: "a text ends below the end, its header included",
    before: "if (bytes > end - offset - 4) tooLong",
    after: "if (bytes > end - offset) tooLong"
  },
  {
    file: stretch,
    tests: scratch,
    why: "a record that jumps beyond twice the memory has room",
    before: "Math.max(this.limit * 2, (bytes + 7) & ~7)",
    after: "this.limit * 2"
  },
  {
    file: stretch,
    tests: carriage,
    why: "what travels belongs to one record",
    before: "if (this.carried.length > 0) this.carried.length = 0\n",
    after: ""
  },
  {
    file: stretch,
    tests: scratch,
    why: "memory that has no use any more is given back",
    before: "else if (++this.smallInARow >= SMALL_IN_A_ROW)",
    after: "else if (this.smallInARow++ < 0)"
  },
  {
    file: "src/wire/Scratch.ts",
    tests: scratch,
    why: "encoding inside of an encoding inside of an encoding has memory of its own",
    before: "while (stretch.isOpen) stretch",
    after: "if (stretch.isOpen) stretch"
  },
  {
    file: "src/wire/Scratch.ts",
    tests: scratch,
    why: "the record to be copied is that of the encoding that ended last",
    before: "this.last = stretch\n  }\n\n  /** What moves",
    after: "if (stretch.inner === undefined) this.last = stretch\n  }\n\n  /** What moves"
  },
  {
    file: "src/wire/Scratch.ts",
    tests: carriage,
    why: "a cargo that was taken is not that of the next record",
    before: "empty : carried.slice()",
    after: "empty : carried"
  },
  {
    file: runtime,
    tests: malformed,
    why: "without generated source nothing is read at the end",
    before: "if (offset + 8 > end) cut(where, 8",
    after: "if (offset > end) cut(where, 8"
  },
  {
    file: "src/wire/internal/source.ts",
    tests: malformed,
    why: "nothing is read at the end",
    before: "`if(e+8>E)H$cut(",
    after: "`if(e>E)H$cut("
  },
  {
    file: runtime,
    tests: malformed,
    why: "a bigint of 64 bits lies below the end",
    before: "if (offset + 16 > end) cut(where, 16, end - offset)\n",
    after: ""
  },
  {
    file: runtime,
    tests: malformed,
    why: "a length is checked where it is used",
    before: "stringEnd(header, offset + 8, partEnd, where)\n  const digits",
    after: "const digits"
  },
  {
    file: runtime,
    tests: malformed,
    why: "a date is a valid one",
    before: "if (!(Math.abs(millis) <= 8.64e15))",
    after: "if (Math.abs(millis) > 8.64e15)"
  },
  {
    file: runtime,
    tests: values,
    why: "64 bits have a sign",
    before: "BigInt.asIntN(64, value) === value",
    after: "BigInt.asIntN(65, value) === value"
  },
  {
    file: runtime,
    tests: malformed,
    why: "bytes end below the end, their length included",
    before: "if (length > end - offset - 8) tooMany",
    after: "if (length > end - offset) tooMany"
  },
  {
    file: runtime,
    tests: hostile,
    why: "the length of bytes is what they have, not what they say",
    before: "lengthOf.call(bytes) as number",
    after: "bytes.length"
  },
  {
    file: runtime,
    tests: hostile,
    why: "no key sets a prototype",
    before: `if (key === "__proto__") {`,
    after: `if (key === "prototype") {`
  },
  {
    file: runtime,
    tests: malformed,
    why: "without generated source the bytes of a count justify no items",
    before: "(passing.end - passing.cursor) / least",
    after: "(passing.end - start) / least"
  },
  {
    file: runtime,
    tests: malformed,
    why: "what its schema does not decode is malformed",
    before: "return value instanceof Undecodable\n",
    after: "return value === Undecodable\n"
  },
  {
    file: arrays,
    tests: hostile,
    why: "the length of a proxy is a length",
    before: "if((${n}>>>0)!==${n}${lengthTest(plan, n)})${refuse};",
    after: "if(false${lengthTest(plan, n)})${refuse};"
  },
  {
    file: arrays,
    tests: values,
    why: "what follows packed cells starts at a slot",
    before: "`e=(e+${n}*4+7)&~7;`",
    after: "`e+=${n}*4;`"
  },
  {
    file: arrays,
    tests: malformed,
    why: "items without content are justified by bytes",
    before: "const most = `(E-e)/${least || EMPTY_ITEM}`",
    after: "const most = `(E-e)/${least || 1}`"
  },
  {
    file: "src/wire/internal/places.ts",
    tests: malformed,
    why: "an index in a packed cell may be anything",
    before: "reach: 2 ** 32",
    after: "reach: 2"
  },
  {
    file: union,
    tests: carriage,
    why: "what travels in an alternative that is given up does not travel",
    before: "{e=${end};s.carried.length=${count};${t}=-1}",
    after: "{e=${end};${t}=-1}"
  },
  {
    file: union,
    tests: carriage,
    why: "without generated source neither",
    before: "carried.length = count\n",
    after: "\n"
  },
  {
    file: union,
    tests: values,
    why: "the property that tells all alternatives apart is looked at",
    before: "new Set(values).size === shapes.length",
    after: "new Set(values).size > 1"
  },
  {
    file: "src/wire/internal/union.ts",
    tests: values,
    why: "a refusal is final only if no later alternative takes the value",
    before: "!shapes.slice(i + 1).some(",
    after: "!shapes.slice(i + 2).some("
  },
  {
    file: "src/wire/internal/union.ts",
    tests: values,
    why: "a date is an object, too",
    before: "if (a.type !== b.type && !(isObjectLike(a.type) && isObjectLike(b.type))) return false",
    after: "if (a.type !== b.type) return false"
  },
  {
    file: generate,
    tests: values,
    why: "an optional key that is there with undefined is there",
    before: "field.optional ? `${x}===undefined&&!${present(field)}` : undefined",
    after: "field.optional ? `${x}===undefined` : undefined"
  },
  {
    file: generate,
    tests: refusals,
    why: "a required key is there, also where undefined would do",
    before: "block.shape === \"object\" && !field.optional && takesUndefined(field.plan)\n    ?",
    after: "block.shape === \"tuple\" && !field.optional && takesUndefined(field.plan)\n    ?"
  },
  {
    file: generate,
    tests: hostile,
    why: "a run inside of a run of the same codec changes nothing for it",
    before: "const back = state.map(([name]) => `${name}=${name}_;`).join(\"\")",
    after: "const back = \"\""
  },
  {
    file: generate,
    tests: malformed,
    why: "nothing is read behind the region",
    before: "E<i.byteLength?E:i.byteLength",
    after: "E"
  },
  {
    file: closures,
    tests: malformed,
    why: "without generated source nothing is read behind the region",
    before: "end: Math.min(end, byteLength), way",
    after: "end, way"
  },
  {
    file: generate,
    tests: malformed,
    why: "the fixed part lies below the end",
    before: "if(p+${fixedBytes}>E)",
    after: "if(p>E)"
  },
  {
    file: runtime,
    tests: ["test/testing/unreadable.test.ts"],
    why: "what moves with a message is found behind a part that cannot be read",
    before: "if (way === undefined) return badValue(where, found, limit)",
    after: "if (way === undefined || way !== undefined) return badValue(where, found, limit)"
  },
  {
    file: "src/wire/internal/transformed.ts",
    tests: ["test/testing/unreadable.test.ts"],
    why: "a parser goes on behind what it refuses",
    before: "decode(value, { errors: \"all\" })",
    after: "decode(value)"
  },
  {
    file: "src/wire/kernel/Packed.ts",
    tests: ["test/testing/unreadable.test.ts"],
    why: "what throws while it is let go keeps nobody from hearing so",
    before: "  } catch {\n    // Who was to have",
    after: "  } catch (thrown) {\n    if (thrown !== undefined) throw thrown\n    // Who was to have"
  },
  {
    file: "src/wire/Codec.ts",
    tests: carriage,
    why: "what arrived came with the record that was read last",
    before: "{ carriage, carried: [], fault: undefined }",
    after: "{ carriage, carried: [...carriage.arrived], fault: undefined }"
  },
  {
    file: generate,
    tests: malformed,
    why: "what is written nests no deeper than what can be read",
    before: "if(X||D>=M){X=true;",
    after: "if(X||D>M){X=true;"
  },
  {
    file: generate,
    tests: hostile,
    why: "what is placed is claimed with its padding",
    before: "t.claim(m&~7)",
    after: "t.claim(m-8&~7)"
  },
  {
    file: generate,
    tests: hostile,
    why: "what is too large to be placed is claimed by nobody",
    before: "if(m>${PLACED_BYTES})return ${TOO_LARGE_TO_PLACE};",
    after: ""
  },
  {
    file: generate,
    tests: hostile,
    why: "what is placed passes the checks of the whole",
    before: "fieldCode(to, block, field)).join(\"\") + to.checks(block, \"v\")\n  const bits",
    after: "fieldCode(to, block, field)).join(\"\")\n  const bits"
  },
  {
    file: "src/wire/internal/blocks.ts",
    tests: hostile,
    why: "what every object inherits is no field",
    before: "typeof field.key === \"string\" && field.key in Object.prototype",
    after: "false"
  },
  {
    file: walk,
    tests: refusals,
    why: "a field that arrays have tells no array apart",
    before: "!(String(field.key) in []) && ",
    after: ""
  },
  {
    file: walk,
    tests: refusals,
    why: "a check is left to a width only if the width makes it",
    before: "return test.value <= range[0]",
    after: "return test.value <= range[1]"
  },
  {
    file: walk,
    tests: values,
    why: "32 bits hold what is below 2^32",
    before: "if (min >= 0 && max <= 0xffff_ffff) return \"u32\"",
    after: "if (min >= 0 && max <= 0x1_0000_0000) return \"u32\""
  },
  {
    file: walk,
    tests: refusals,
    why: "one of is not any of",
    before: `ast.options?.mode === "oneOf" ? [schemaGuard(SchemaAST.toType(ast))] : []`,
    after: "[]"
  },
  {
    file: "src/wire/internal/rest.ts",
    tests: refusals,
    why: "a field that an index signature takes in satisfies both",
    before: "if (!is(selected[key])) return Refused",
    after: ""
  },
  {
    file: "src/wire/internal/transformed.ts",
    tests: hostile,
    why: "reading errors leaves the depth of stack traces as it was",
    before: "if (makesErrors) Reflect.set(Error, \"stackTraceLimit\", limit)",
    after: ""
  },
  {
    file: "src/wire/internal/transformed.ts",
    tests: carriage,
    why: "a short way is taken only where nothing is transformed behind it",
    before: "ast.encoding?.length === 1 ? ast.annotations",
    after: "ast.encoding !== undefined ? ast.annotations"
  },
  {
    file: "src/wire/Carriage.ts",
    tests: carriage,
    why: "what arrived whole is taken, and nothing else",
    before: "if (taken === cargo.length) return true\n  drop(cargo)",
    after: "if (taken > 0) return true\n  drop(cargo)"
  },
  {
    file: "src/wire/Carriage.ts",
    tests: carriage,
    why: "what could be taken of a cargo is released when one could not",
    before: "  drop(cargo)\n  return false",
    after: "  return false"
  },
  {
    file: "src/wire/Arenas.ts",
    tests: parcels,
    why: "an arena is open until it has been closed as often",
    before: "known?.end === end && --known.users === 0",
    after: "known?.end === end"
  },
  {
    file: "src/wire/Carriage.ts",
    tests: carriage,
    why: "a cargo leaves whole or not at all",
    before: "for (const done of cargo.slice(0, i)) done.restore()\n",
    after: ""
  },
  {
    file: "src/wire/internal/parcelSchema.ts",
    tests: parcels,
    why: "a reference does not arrive as a parcel",
    before: "!end.isHandle(handle) || Arena.isReference(handle) !== isReference",
    after: "!end.isHandle(handle)"
  },
  {
    file: held,
    tests: parcels,
    why: "only the message that holds a parcel goes on with it",
    before: "this.state === \"leaving\" && this.#message === message",
    after: "this.state === \"leaving\""
  },
  {
    file: held,
    tests: parcels,
    why: "a parcel that was recovered with its thread cannot be held",
    before: "this.finish(\"leaving\", this.end.owns(this.handle))",
    after: "this.finish(\"leaving\", true)"
  },
  {
    file: held,
    tests: parcels,
    why: "what was arrived is taken once",
    before: "return this.finish(\"held\", this.end.adopt(this.handle) >= 0)",
    after: "return this.finish(\"held\", this.end.adopt(this.handle) !== 0)"
  },
  {
    file: held,
    tests: ["test/actor/unused.test.ts"],
    why: "what somebody has looked into is theirs to release",
    before: "this.state === \"held\" && !this.#isUsed",
    after: "this.state === \"held\""
  },
  {
    file: "src/wire/internal/parcelSchema.ts",
    tests: ["test/actor/capabilityMischief.test.ts"],
    why: "a proxy or a copy of a parcel is none",
    before: "Held.is(value) && is(value)",
    after: "is(value)"
  },
  {
    file: "src/wire/Iso.ts",
    tests: ["test/actor/capabilityMischief.test.ts"],
    why: "a part of an element is refused, also where its bytes are whole",
    before: "Number.isInteger(length) ? length * view.BYTES_PER_ELEMENT : length",
    after: "length * view.BYTES_PER_ELEMENT"
  },
  {
    file: "src/wire/internal/freezing.ts",
    tests: ["test/actor/capabilityMischief.test.ts"],
    why: "what is frozen may have any number of parts",
    before: "for (const part of this.#shut(value)) rest.push(part)",
    after: "rest.push(...this.#shut(value))"
  },
  {
    file: held,
    tests: ["test/actor/capabilityMischief.test.ts"],
    why: "a log shows what a parcel is, and not the memory that it lies in",
    before: "[Symbol.for(\"nodejs.util.inspect.custom\")]",
    after: "[Symbol.for(\"nothing\")]"
  }
]
