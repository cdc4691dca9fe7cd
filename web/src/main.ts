import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/play.css";
import "./app.ts";
