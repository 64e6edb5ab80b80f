/** The counting thread: it has one receiving and one sending end, and closes them when there are no more pages. */
import * as Stream from "effect/Stream"
import { WordCounter } from "./protocol.ts"

WordCounter.launch(({ counts, pages }) =>
  Stream.runForEach(pages.stream, ({ id, text }) => counts.send({ id, words: text.split(" ").length }))
)
