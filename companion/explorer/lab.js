/** The padding lab in a browser; see `lab.py`. */
export function definePageElement() {}
export function jupyterWidget() {}
