/** What every worker thread of the pool runs. */
import { PoolThread } from "shared-nothing"
import { HashingLive } from "./hashing.ts"

PoolThread.launch(HashingLive)
