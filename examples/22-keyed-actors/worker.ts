import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
import { AccountLive, DeskLive } from "./accounts.ts"

ActorThread.launch(Layer.mergeAll(AccountLive(new Map()), DeskLive))
