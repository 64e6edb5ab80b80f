/** What every worker thread of the pool runs. */
import { PoolThread } from "shared-nothing"
import { LabLive } from "./lab.ts"

PoolThread.launch(LabLive)
