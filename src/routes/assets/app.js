document.body.textContent = document.querySelector("meta[name=dashboard-config]").content;
