/**
 * Every export of `effect/Schema` that is a schema or makes one, and what becomes of it: the table behind `docs/reference/codec.md`.
 */
import * as Brand from "effect/Brand"
import * as Aead from "effect/crypto/Aead"
import * as Cipher from "effect/crypto/Cipher"
import * as KeyAgreement from "effect/crypto/KeyAgreement"
import * as KeyFormat from "effect/crypto/KeyFormat"
import * as KeyWrap from "effect/crypto/KeyWrap"
import * as Mac from "effect/crypto/Mac"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

const words = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

/** Schemas that are laid out as they are. */
export const laidOut = words(`
  Any BigDecimal BigInt Boolean Char Date DateTimeUtc DateTimeZoned DnsRecordType DomainName Duration Finite Int Json JsonObject MutableJson Natural
  Never NonEmptyString Null Number ObjectKeyword Port RetryAfter ScopedIpv6Literal String StringForLiteralAutocomplete TimeZone
  TimeZoneNamed TimeZoneOffset Trimmed
  Uint8Array Undefined Unknown Void
`)

/** Schemas of which a part is encoded by the schema first. */
export const transformed = words(`
  BigDecimalFromString BigIntFromString BooleanFromBit ByteSize ByteSizeFromBigInt ByteSizeFromNumber ByteSizeFromString Cookies
  DateFromMillis DateFromString DateTimeUtcFromDate DateTimeUtcFromHttpDate DateTimeUtcFromMillis DateTimeUtcFromString
  DateTimeZonedFromString DnsARecord DnsAaaaRecord DnsCaaRecord DnsCnameRecord DnsMxRecord DnsNaptrRecord DnsNsRecord DnsPtrRecord
  DnsRecord DnsSoaRecord DnsSrvRecord DnsTlsaRecord DnsTxtRecord DomainNameFromString DurationFromIsoString DurationFromMillis
  DurationFromNanos DurationFromString FiniteFromString Headers HostFromString HostPortFromString InetAddressFromString
  IpAddressFromString IpInterfaceFromString IpLinkLocalAddressFromString IpLoopbackAddressFromString IpMulticastAddressFromString
  IpNetworkFromString IpUnicastAddressFromString IpUnspecifiedAddressFromString Ipv4AddressFromString Ipv4BroadcastAddressFromString
  Ipv4InterfaceFromString Ipv4NetworkFromString Ipv4PrivateAddressFromString Ipv6AddressFromString Ipv6InterfaceFromString
  Ipv6NetworkFromString Ipv6UniqueLocalAddressFromString MacAddressFromString MacBroadcastAddressFromString
  MacLocallyAdministeredAddressFromString MacMulticastAddressFromString MacUnicastAddressFromString
  MacUniversallyAdministeredAddressFromString NumberFromString PropertyKey RecordFromCookies RecordFromUrlParams RegExp
  RetryAfterFromString ScopedIpv6LiteralFromString SemVer SemVerFromString SemVerRange SemVerRangeFromString
  StandardSchemaV1FailureResult StringFromBase64 StringFromBase64Url StringFromHex StringFromUriComponent Symbol
  TimeZoneFromString TimeZoneNamedFromString Trim URL URLFromString URLSearchParams
  Uint8ArrayFromBase64 Uint8ArrayFromBase64Url Uint8ArrayFromHex UnixPathAddressFromString UrlParams
`)

/** Schemas that are refused, because Effect has no encoded form for them either. */
export const refused = words(`
  Cookie File FormData Host HostPort InetAddress InetAddressV4 InetAddressV6 IpAddress IpInterface IpLinkLocalAddress IpLoopbackAddress
  IpMulticastAddress IpNetwork IpUnicastAddress IpUnspecifiedAddress Ipv4Address Ipv4BroadcastAddress Ipv4Interface Ipv4Network
  Ipv4PrivateAddress Ipv6Address Ipv6Interface Ipv6Network Ipv6UniqueLocalAddress MacAddress MacBroadcastAddress
  MacLocallyAdministeredAddress MacMulticastAddress MacUnicastAddress MacUniversallyAdministeredAddress SocketAddress UnixPathAddress
`)

/** Encoded values of schemas for which none can be generated. */
export const encoded: Record<string, ReadonlyArray<unknown>> = {
  Any: [[1, { a: "x" }], null],
  DnsARecord: [{ _tag: "A", address: "10.0.0.1" }],
  DnsAaaaRecord: [{ _tag: "AAAA", address: "::1" }],
  DnsCnameRecord: [{ _tag: "CNAME", target: "a.b" }],
  DnsMxRecord: [{ _tag: "MX", exchange: "a.b", priority: 1 }],
  DnsNaptrRecord: [
    { _tag: "NAPTR", flags: "s", service: "SIP", regexp: "", replacement: "a.b", order: 1, preference: 1 }
  ],
  DnsNsRecord: [{ _tag: "NS", host: "a.b" }],
  DnsRecord: [{ _tag: "A", address: "10.0.0.1" }],
  DnsSoaRecord: [
    { _tag: "SOA", primary: "a.b", admin: "c.d", serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 }
  ],
  DnsSrvRecord: [{ _tag: "SRV", target: "a.b", port: 1, priority: 1, weight: 1 }],
  DomainName: ["effect.website"],
  DomainNameFromString: ["effect.website"],
  HostFromString: ["effect.website", "10.0.0.1"],
  HostPortFromString: ["effect.website:80"],
  InetAddressFromString: ["10.0.0.1:80"],
  IpAddressFromString: ["10.0.0.1", "::1"],
  IpInterfaceFromString: ["10.0.0.1/8"],
  IpLinkLocalAddressFromString: ["169.254.0.1"],
  IpLoopbackAddressFromString: ["127.0.0.1"],
  IpMulticastAddressFromString: ["224.0.0.1"],
  IpNetworkFromString: ["10.0.0.0/8"],
  IpUnicastAddressFromString: ["10.0.0.1"],
  IpUnspecifiedAddressFromString: ["0.0.0.0"],
  Ipv4AddressFromString: ["10.0.0.1"],
  Ipv4BroadcastAddressFromString: ["255.255.255.255"],
  Ipv4InterfaceFromString: ["10.0.0.1/8"],
  Ipv4NetworkFromString: ["10.0.0.0/8"],
  Ipv4PrivateAddressFromString: ["10.0.0.1"],
  Ipv6AddressFromString: ["::1"],
  Ipv6InterfaceFromString: ["fe80::1/64"],
  Ipv6NetworkFromString: ["fe80::/64"],
  Ipv6UniqueLocalAddressFromString: ["fd00::1"],
  MacAddressFromString: ["02:00:00:00:00:01"],
  MacBroadcastAddressFromString: ["ff:ff:ff:ff:ff:ff"],
  MacLocallyAdministeredAddressFromString: ["02:00:00:00:00:01"],
  MacMulticastAddressFromString: ["01:00:5e:00:00:01"],
  MacUnicastAddressFromString: ["02:00:00:00:00:01"],
  MacUniversallyAdministeredAddressFromString: ["00:1b:44:11:3a:b7"],
  Never: [],
  ObjectKeyword: [[1, { a: null }], { b: [true] }],
  ScopedIpv6Literal: ["fe80::1%eth0"],
  ScopedIpv6LiteralFromString: ["fe80::1%eth0"],
  Unknown: [[1, { a: "x" }], null],
  UnixPathAddressFromString: ["/tmp/socket"]
}

const n = Schema.Number
const s = Schema.String
const fields = Schema.Struct({ a: n })
const symbol = Symbol.for("wire/test/symbol")

class Class extends Schema.Class<Class>("wire/test/coverage/Class")({ a: s }) {}
class TaggedClass extends Schema.TaggedClass<TaggedClass>("wire/test/coverage/TaggedClass")("TaggedClass", { a: s }) {}
class Failure extends Schema.Error<Failure>("wire/test/coverage/Failure")({ a: s }) {}
class TaggedError extends Schema.TaggedError<TaggedError>("wire/test/coverage/TaggedError")("TaggedError", { a: s }) {}
class Opaque extends Schema.Opaque<Opaque>()(fields) {}
class Bare {
  readonly a = 1
}

interface Loop {
  readonly next: ReadonlyArray<Loop>
}
const Loop: Schema.Codec<Loop> = Schema.Struct({ next: Schema.Array(Schema.suspend((): Schema.Codec<Loop> => Loop)) })

type Positive = number & Brand.Brand<"wire/test/Positive">
const Positive = Brand.check<Positive>(Schema.isGreaterThan(0))

const alike = Schema.Union([Schema.Struct({ a: n }), Schema.Struct({ b: n }), Schema.Int, n])
const wrapped = {
  decode: SchemaGetter.transform((text: string): ReadonlyArray<string> => [text]),
  encode: SchemaGetter.transform(([text]: ReadonlyArray<string>) => text ?? "")
}
const Wrapped = Schema.declare<ReadonlyArray<string>>((value): value is ReadonlyArray<string> => Array.isArray(value), {
  toCodec: () => Schema.link<ReadonlyArray<string>>()(s, wrapped)
})
const passthrough = { decode: SchemaGetter.passthrough<string>(), encode: SchemaGetter.passthrough<string>() }
const zero = Effect.succeed(0)
const taggedUnion = Schema.Union([Schema.TaggedStruct("A", {}), Schema.TaggedStruct("B", { b: n })])

/** What makes schemas that are laid out as they are: by the name of the export, after a colon what is special about the example. */
export const makesLaidOut: Record<string, Schema.Top> = {
  Array: Schema.Array(n),
  Cause: Schema.Cause(s, n),
  CauseReason: Schema.CauseReason(s, n),
  Class,
  Enum: Schema.Enum({ A: "a", B: 1 }),
  Error: Failure,
  Exit: Schema.Exit(n, s, n),
  "Exit: of members that look alike": Schema.Exit(alike, s, n),
  Literal: Schema.Literal("a"),
  Literals: Schema.Literals(["a", 1, 2n, true]),
  NonEmptyArray: Schema.NonEmptyArray(n),
  NullOr: Schema.NullOr(n),
  NullishOr: Schema.NullishOr(n),
  Opaque,
  Option: Schema.Option(n),
  Record: Schema.Record(s, n),
  "Record: of literals": Schema.Record(Schema.Literals(["a", "b"]), n),
  Result: Schema.Result(n, s),
  Struct: Schema.Struct({ a: n, b: Schema.optionalKey(n), c: Schema.optional(s), d: Schema.mutableKey(n) }),
  TaggedClass,
  TaggedError,
  TaggedStruct: Schema.TaggedStruct("A", { a: n }),
  TaggedUnion: Schema.TaggedUnion({ A: { a: n }, B: { b: s } }),
  TemplateLiteral: Schema.TemplateLiteral(["a-", n]),
  Tree: Schema.Tree(s),
  Tuple: Schema.Tuple([n, s]),
  UndefinedOr: Schema.UndefinedOr(n),
  Union: Schema.Union([n, s, fields]),
  "Union: of members that look alike": alike,
  "Union: oneOf": Schema.Union([fields, Schema.Struct({ b: n })], { mode: "oneOf" }),
  UniqueArray: Schema.UniqueArray(n),
  annotate: n.pipe(Schema.annotate({ title: "a" })),
  annotateKey: Schema.Struct({ a: n.pipe(Schema.annotateKey({ title: "a" })) }),
  brand: s.pipe(Schema.brand("wire/test/brand")),
  check: n.pipe(Schema.check(Schema.isGreaterThan(0))),
  fromBrand: n.pipe(Schema.fromBrand("wire/test/Positive", Positive)),
  fieldsAssign: Schema.fieldsAssign({ b: s })(fields),
  flip: Schema.flip(Schema.flip(n)),
  make: Schema.make<typeof n>(n.ast),
  mutable: Schema.mutable(Schema.Array(n)),
  mutableKey: Schema.Struct({ a: Schema.mutableKey(n) }),
  optional: Schema.Struct({ a: Schema.optional(n) }),
  optionalKey: Schema.Struct({ a: Schema.optionalKey(n) }),
  overrideToCodecIso: s.pipe(Schema.overrideToCodecIso(s, passthrough)),
  overrideToEquivalence: s.pipe(Schema.overrideToEquivalence(() => (a, b) => a === b)),
  overrideToFormatter: s.pipe(Schema.overrideToFormatter(() => String)),
  readonlyKey: Schema.Struct({ a: Schema.readonlyKey(Schema.mutableKey(n)) }),
  refine: n.pipe(Schema.refine((value): value is 1 => value > 0)),
  required: Schema.Struct({ a: Schema.required(Schema.optional(n)) }),
  requiredKey: Schema.Struct({ a: Schema.requiredKey(Schema.optionalKey(n)) }),
  revealBottom: Schema.revealBottom(n),
  revealCodec: Schema.revealCodec(n),
  suspend: Loop,
  tag: Schema.Struct({ _tag: Schema.tag("A") }),
  toCodecIso: Schema.toCodecIso(Class),
  toEncoded: Schema.toEncoded(Schema.NumberFromString),
  toTaggedUnion: taggedUnion.pipe(Schema.toTaggedUnion("_tag")),
  toType: Schema.toType(Schema.NumberFromString),
  withConstructorDefault: Schema.Struct({ a: n.pipe(Schema.withConstructorDefault(zero)) })
}

/** What makes schemas of which a part is encoded first. */
export const makesTransformed: Record<string, Schema.Top> = {
  ArrayEnsure: Schema.ArrayEnsure(n),
  Chunk: Schema.Chunk(n),
  Defect: Schema.Defect(),
  ErrorInstance: Schema.ErrorInstance(),
  "Exit: with defects": Schema.Exit(n, s, Schema.Defect()),
  Graph: Schema.Graph("directed", s, n),
  HashMap: Schema.HashMap(s, Class),
  HashSet: Schema.HashSet(s),
  JsonFromUrlParamsField: Schema.JsonFromUrlParamsField("a"),
  OptionFromNullOr: Schema.OptionFromNullOr(n),
  OptionFromNullishOr: Schema.OptionFromNullishOr(n),
  OptionFromOptional: Schema.Struct({ a: Schema.OptionFromOptional(n) }),
  OptionFromOptionalKey: Schema.Struct({ a: Schema.OptionFromOptionalKey(n) }),
  OptionFromOptionalNullOr: Schema.Struct({ a: Schema.OptionFromOptionalNullOr(n) }),
  OptionFromUndefinedOr: Schema.OptionFromUndefinedOr(n),
  ReadonlyMap: Schema.ReadonlyMap(Schema.NumberFromString, Schema.Option(s)),
  "ReadonlyMap: of members that look alike": Schema.ReadonlyMap(s, alike),
  ReadonlySet: Schema.ReadonlySet(Schema.Date),
  "Record: of keys with checks": Schema.Record(s.check(Schema.isMinLength(2)), n),
  "Record: of numbers": Schema.Record(n, n),
  "Record: of symbols": Schema.Record(Schema.Symbol, n),
  "Record: of template literals": Schema.Record(Schema.TemplateLiteral(["x-", s]), n),
  "Record: of transformed keys": Schema.Record(Schema.NumberFromString, n),
  Redacted: Schema.Redacted(s),
  RedactedFromValue: Schema.RedactedFromValue(s),
  "Struct: with symbols for keys": Schema.Struct({ a: n, [symbol]: Schema.optionalKey(n) }),
  StructWithRest: Schema.StructWithRest(fields, [Schema.Record(s, n)]),
  TemplateLiteralParser: Schema.TemplateLiteralParser(["a-", n]),
  "Tuple: with optional elements": Schema.Tuple([n, Schema.optionalKey(s), Schema.optional(n)]),
  TupleWithRest: Schema.TupleWithRest(Schema.Tuple([n]), [s]),
  "TupleWithRest: with more elements": Schema.TupleWithRest(Schema.Tuple([n]), [s, Schema.Boolean]),
  UniqueSymbol: Schema.UniqueSymbol(symbol),
  "UniqueSymbol: unregistered": Schema.UniqueSymbol(Symbol("wire/test/local")),
  annotateEncoded: Schema.NumberFromString.pipe(Schema.annotateEncoded({ title: "a" })),
  catchDecoding: Schema.NumberFromString.pipe(Schema.catchDecoding(() => Effect.succeedSome(0))),
  catchDecodingWithContext: Schema.NumberFromString.pipe(
    Schema.catchDecodingWithContext(() => Effect.succeedSome(0))
  ),
  catchEncoding: Schema.NumberFromString.pipe(Schema.catchEncoding(() => Effect.succeedSome("0"))),
  catchEncodingWithContext: Schema.NumberFromString.pipe(
    Schema.catchEncodingWithContext(() => Effect.succeedSome("0"))
  ),
  declare: Wrapped,
  declareConstructor: Schema.declareConstructor<ReadonlyArray<string>>()(
    [],
    () => (value) => Effect.succeed(value as ReadonlyArray<string>),
    {
      toCodec: () => Schema.link<ReadonlyArray<string>>()(s, wrapped)
    }
  ),
  decode: s.pipe(Schema.decode(passthrough)),
  decodeTo: s.pipe(Schema.decodeTo(Schema.Array(s), wrapped)),
  encode: s.pipe(Schema.encode(passthrough)),
  encodeKeys: fields.pipe(Schema.encodeKeys({ a: "b" })),
  encodeTo: Schema.Array(s).pipe(Schema.encodeTo(s, wrapped)),
  extendTo: fields.pipe(Schema.extendTo({ b: n }, { b: ({ a }) => Option.some(a) })),
  fromJsonString: Schema.fromJsonString(fields),
  fromURLSearchParams: Schema.fromURLSearchParams(Schema.Struct({ a: s })),
  instanceOf: Schema.instanceOf(Set<string>, {
    toCodec: () =>
      Schema.link<Set<string>>()(Schema.Array(s), {
        decode: SchemaGetter.transform((items) => new Set(items)),
        encode: SchemaGetter.transform((set) => [...set])
      })
  }),
  link: Wrapped,
  middlewareDecoding: s.pipe(Schema.middlewareDecoding((effect) => effect)),
  middlewareEncoding: s.pipe(Schema.middlewareEncoding((effect) => effect)),
  tagDefaultOmit: Schema.Struct({ _tag: Schema.tagDefaultOmit("A") }),
  toCodecArrayFromSingle: Schema.toCodecArrayFromSingle(Schema.Array(s)),
  toCodecGoJson: Schema.toCodecGoJson(Schema.Struct({ a: Schema.Array(n) })),
  toCodecJson: Schema.toCodecJson(Schema.Struct({ a: Schema.Date })),
  toCodecStringTree: Schema.toCodecStringTree(fields),
  "toType: of a class": Schema.toType(Class),
  withDecodingDefault: Schema.Struct({ a: n.pipe(Schema.withDecodingDefault(zero)) }),
  withDecodingDefaultKey: Schema.Struct({ a: n.pipe(Schema.withDecodingDefaultKey(zero)) }),
  withDecodingDefaultType: Schema.Struct({ a: n.pipe(Schema.withDecodingDefaultType(zero)) }),
  withDecodingDefaultTypeKey: Schema.Struct({ a: n.pipe(Schema.withDecodingDefaultTypeKey(zero)) })
}

const { jwk } = KeyFormat

/** What makes schemas that are refused, and the words of the refusal. */
export const makesRefused: Record<string, readonly [schema: Schema.Top, reason: RegExp]> = {
  AeadKey: [Schema.AeadKey(Aead.aes256Gcm), /forbids/],
  CipherKey: [Schema.CipherKey(Cipher.aes256Cbc), /forbids/],
  KeyAgreementPrivateKey: [Schema.KeyAgreementPrivateKey(KeyAgreement.x25519), /forbids/],
  KeyAgreementPublicKey: [Schema.KeyAgreementPublicKey(KeyAgreement.x25519), /forbids/],
  KeyWrapKey: [Schema.KeyWrapKey(KeyWrap.aes256Kw), /forbids/],
  KeyWrapPrivateKey: [Schema.KeyWrapPrivateKey(KeyWrap.rsaOaepSha256), /forbids/],
  KeyWrapPublicKey: [Schema.KeyWrapPublicKey(KeyWrap.rsaOaepSha256), /forbids/],
  MacKey: [Schema.MacKey(Mac.hmacSha256), /forbids/],
  "Redacted: that may not be encoded": [Schema.Redacted(s, { disallowJsonEncode: true }), /forbids/],
  SignaturePrivateKey: [Schema.SignaturePrivateKey(Signature.ed25519), /forbids/],
  SignaturePublicKey: [Schema.SignaturePublicKey(Signature.ed25519), /forbids/],
  "declare: without an annotation": [Schema.declare((value): value is Bare => value instanceof Bare), /toCodec/],
  fromFormData: [Schema.fromFormData(Schema.Struct({ a: s })), /File is encoded only asynchronously/],
  "instanceOf: without an annotation": [Schema.instanceOf(Bare), /toCodec/]
}

/** Keys as bytes are encoded as their schema allows; keys in a format only asynchronously, so that every value is refused. */
export const makesKeys: Record<string, Schema.Top> = {
  AeadKeyFromBytes: Schema.AeadKeyFromBytes(Aead.aes256Gcm, { allowEncode: true }),
  AeadKeyFromFormat: Schema.AeadKeyFromFormat(jwk, Aead.aes256Gcm),
  CipherKeyFromBytes: Schema.CipherKeyFromBytes(Cipher.aes256Cbc, { allowEncode: true }),
  CipherKeyFromFormat: Schema.CipherKeyFromFormat(jwk, Cipher.aes256Cbc),
  KeyAgreementPrivateKeyFromBytes: Schema.KeyAgreementPrivateKeyFromBytes(KeyAgreement.x25519),
  KeyAgreementPrivateKeyFromFormat: Schema.KeyAgreementPrivateKeyFromFormat(jwk, KeyAgreement.x25519),
  KeyAgreementPublicKeyFromBytes: Schema.KeyAgreementPublicKeyFromBytes(KeyAgreement.x25519),
  KeyAgreementPublicKeyFromFormat: Schema.KeyAgreementPublicKeyFromFormat(jwk, KeyAgreement.x25519),
  KeyWrapKeyFromBytes: Schema.KeyWrapKeyFromBytes(KeyWrap.aes256Kw),
  KeyWrapKeyFromFormat: Schema.KeyWrapKeyFromFormat(jwk, KeyWrap.aes256Kw),
  KeyWrapPrivateKeyFromFormat: Schema.KeyWrapPrivateKeyFromFormat(jwk, KeyWrap.rsaOaepSha256),
  KeyWrapPublicKeyFromFormat: Schema.KeyWrapPublicKeyFromFormat(jwk, KeyWrap.rsaOaepSha256),
  MacKeyFromBytes: Schema.MacKeyFromBytes(Mac.hmacSha256, { allowEncode: true }),
  MacKeyFromFormat: Schema.MacKeyFromFormat(jwk, Mac.hmacSha256),
  SignaturePrivateKeyFromBytes: Schema.SignaturePrivateKeyFromBytes(Signature.ed25519),
  SignaturePrivateKeyFromFormat: Schema.SignaturePrivateKeyFromFormat(jwk, Signature.ed25519),
  SignaturePublicKeyFromBytes: Schema.SignaturePublicKeyFromBytes(Signature.ed25519),
  SignaturePublicKeyFromFormat: Schema.SignaturePublicKeyFromFormat(jwk, Signature.ed25519)
}

/** Exports that are about schemas and make none: checks, parsers, derivations, annotations and errors. */
export const makesNothing: ReadonlyArray<RegExp> = [
  /^is([A-Z]|$)/,
  /^(decode|encode)(Unknown)?(Effect|Exit|Option|Promise|Result|Sync)$/,
  /^makeIs[A-Z]/,
  /^to(DifferJsonPatch|EncoderXml|Equivalence|Formatter|Iso|IsoFocus|IsoSource|JsonSchemaDocument|Representation)$/,
  /^toStandard(JSON)?SchemaV1$/,
  /^(asserts|makeClassTrusted|makeFilter|makeFilterGroup|resolveAnnotations|resolveAnnotationsKey|SchemaError)$/
]

/** Exports that its types do not show. */
export const hidden: ReadonlyArray<string> = words(
  "BooleanLiterals FalseLiterals TrueLiterals UnknownFromJsonString linkDecoding withArrayLengthConstraints"
)
