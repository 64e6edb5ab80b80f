/**
 * A worker thread that hosts receivers; its first argument says how they handle messages.
 */
import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
import { type Handler, receiverLive, streamerLive } from "./actors.ts"

ActorThread.launch(Layer.mergeAll(receiverLive((process.argv[2] ?? "answers") as Handler), streamerLive))
