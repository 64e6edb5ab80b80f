import { ActorThread } from "shared-nothing"
import { DeskLive } from "./orders.ts"

ActorThread.launch(DeskLive)
