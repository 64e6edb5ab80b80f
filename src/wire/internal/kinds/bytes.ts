/**
 * `Uint8Array`s, copied in and out.
 */
import { inVariablePart, type Kind } from "../kind.ts"
import type { BytesPlan } from "../plan.ts"
import { bytesEnd, isBytes, readBytes, room, writeBytes } from "../runtime.ts"
import { quote, roomTest } from "../source.ts"

export const bytes: Kind<BytesPlan> = {
  ...inVariablePart,
  least: () => 8,
  text: () => "bytes",
  write: (_, { refuse, store }, x) => `if(!H$isBytes(${x}))${refuse};${store ? `e=H$writeBytes(${x},e,s);` : ""}`,
  read: ({ path }, { name }, x) => {
    const [h, z] = [name("h"), name("z")]
    return `${roomTest(path)}const ${h}=i32[e>>2]>>>0,${z}=H$bytesEnd(${h},e,E,${quote(path)});`
      + `${x}=H$readBytes(${h},e,u8);e=${z};`
  },
  writer: (_, { frame, store }) => (value) => {
    if (!isBytes(value)) return -1
    if (store) frame.cursor = writeBytes(value, frame.cursor, frame.stretch)
    return 0
  },
  reader: ({ path }, { frame }) => () => {
    const start = frame.cursor
    room(start, frame.end, path)
    const length = frame.i32[start >> 2]! >>> 0
    const end = bytesEnd(length, start, frame.end, path)
    const read = readBytes(length, start, frame.u8)
    frame.cursor = end
    return read
  }
}
