/**
 * A worker thread that hosts receivers; its first argument says how they handle messages.
 */
import { ActorThread } from "shared-nothing"
import { type Handler, receiverLive } from "./actors.ts"

ActorThread.launch(receiverLive((process.argv[2] ?? "answers") as Handler))
