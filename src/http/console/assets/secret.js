// The page that shows a token's secret, once: copying, and Swagger UI with the token in its own field.

/** Where Swagger UI keeps what it is authorized with, and reads it when it opens. */
const SWAGGER_KEY = "authorized";
const SCHEME = { type: "apiKey", in: "header", name: "x-undb-api-token" };

class Secret extends HTMLElement {
  connectedCallback() {
    const swagger = this.querySelector("[data-swagger]");
    swagger.hidden = false;
    swagger.addEventListener("click", () => this.openSwagger());
    this.warn = (event) => event.preventDefault();
    // The secret can't be shown again: whoever has not said that it is saved is asked before the page goes.
    addEventListener("beforeunload", this.warn);
    document.querySelector(".saved").addEventListener("submit", () => removeEventListener("beforeunload", this.warn));
  }

  /** Opens Swagger UI with the token. The secret goes by the browser's storage, never by an address. */
  openSwagger() {
    const value = this.querySelector("#secret").value;
    const held = { api_token: { name: "api_token", schema: SCHEME, value } };
    localStorage.setItem(SWAGGER_KEY, JSON.stringify(held));
    open("/swagger-ui/", "_blank", "noopener");
  }
}

customElements.define("undb-secret", Secret);
