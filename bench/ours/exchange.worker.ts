/**
 * A worker thread with somebody who talks to receivers on other threads, and a receiver.
 */
import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
import { receiverLive } from "./actors.ts"
import { talkerLive } from "./talker.ts"

ActorThread.launch(Layer.mergeAll(talkerLive, receiverLive("answers", 1024)))
