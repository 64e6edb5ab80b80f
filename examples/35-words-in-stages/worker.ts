/** What every worker thread of the pool runs. */
import { PoolThread } from "shared-nothing"
import { WordsLive } from "./words.ts"

PoolThread.launch(WordsLive)
