/** What every worker thread runs. */
import { ActorThread } from "shared-nothing"
import { ParserLive } from "./protocol.ts"

ActorThread.launch(ParserLive)
