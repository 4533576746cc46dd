// The script tag of compat: <script src="…/sdk/compat.js"></script> before the page's own.
import { install } from "./compat.js";

install();
