/** What both threads import: the messages, and the ends that a counting thread has. */
import * as Schema from "effect/Schema"
import { ChannelThread, Codec } from "shared-nothing"

const Id = Schema.Int.pipe(Codec.width("u32"))

export const Page = Schema.Struct({ id: Id, text: Schema.String })
export const Count = Schema.Struct({ id: Id, words: Id })

export const WordCounter = ChannelThread.make("word-counter", {
  pages: ChannelThread.receiver(Page),
  counts: ChannelThread.sender(Count)
})
