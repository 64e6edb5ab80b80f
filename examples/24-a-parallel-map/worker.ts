/** What every worker thread of the pool runs. */
import { PoolThread } from "shared-nothing"
import { DigestsLive } from "./digests.ts"

PoolThread.launch(DigestsLive)
