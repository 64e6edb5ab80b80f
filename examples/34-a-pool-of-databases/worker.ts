/** What every worker thread of the pool runs. */
import { PoolThread } from "shared-nothing"
import { LedgerLive } from "./ledger.ts"

PoolThread.launch(LedgerLive)
