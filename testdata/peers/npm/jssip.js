// The global JsSIP, as its own distribution defines it.
import JsSIP from "jssip";

globalThis.JsSIP = JsSIP;
