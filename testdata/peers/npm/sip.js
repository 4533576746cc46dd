// The global SIP, as SIP.js's own distribution defines it.
import * as SIP from "sip.js";

globalThis.SIP = SIP;
