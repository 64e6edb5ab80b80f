/** What every worker thread runs. */
import { ActorThread } from "shared-nothing"
import { Bank } from "./bank.ts"

ActorThread.launch(Bank)
