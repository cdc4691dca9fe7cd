import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/finding.css";
import "./styles/play.css";
import "./styles/lesson.css";
import "./styles/reading.css";
import "./app.ts";
