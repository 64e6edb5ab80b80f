/**
 * A span's identity as 32 bytes: flags, trace id, span id.
 *
 * ```text
 *  0        4        8                 24        32
 *  | flags  | 0      | trace id (16 B) | span id |      flags: 1 present
 * ```
 *
 * Only sampled spans are written, so there is no flag for it. Ids of another form than 32 and 16 hex digits (those of
 * disabled tracing) are written as absent.
 *
 * **Source** The fields of W3C Trace Context.
 */
import * as Tracer from "effect/Tracer"
import type { Region } from "../../memory/Region.ts"

/** The size of a trace context. */
export const TRACE_BYTES = 32

const PRESENT = 1
const TRACE_ID = 8
const SPAN_ID = 24

// 0-9 are 0x30-0x39, a-f are 0x61-0x66: the low four bits are the digit, plus nine for letters.
const digit = (code: number): number => (code & 0xf) + (code >>> 6) * 9

const writeHex = (text: string, region: Region, offset: number): void => {
  const { u8 } = region
  for (let i = 0; i < text.length; i += 2) {
    u8[offset + (i >> 1)] = (digit(text.charCodeAt(i)) << 4) | digit(text.charCodeAt(i + 1))
  }
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const readHex = (region: Region, offset: number, bytes: number): string => {
  let text = ""
  for (let i = 0; i < bytes; i++) text += pairs[region.u8[offset + i]!]
  return text
}

/** Writes the identity of a sampled span. */
export const write = (span: Pick<Tracer.AnySpan, "traceId" | "spanId">, region: Region, offset: number): void => {
  const usable = span.traceId.length === 32 && span.spanId.length === 16
  region.i32[offset >> 2] = usable ? PRESENT : 0
  region.i32[(offset >> 2) + 1] = 0
  if (!usable) return
  writeHex(span.traceId, region, offset + TRACE_ID)
  writeHex(span.spanId, region, offset + SPAN_ID)
}

/** Reads it back as the parent of spans on this thread; `undefined` when it was absent. */
export const read = (region: Region, offset: number): Tracer.ExternalSpan | undefined =>
  region.i32[offset >> 2] === PRESENT
    ? Tracer.externalSpan({
      traceId: readHex(region, offset + TRACE_ID, 16),
      spanId: readHex(region, offset + SPAN_ID, 8),
      sampled: true
    })
    : undefined
