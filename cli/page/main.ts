document.title = "keyrite"
