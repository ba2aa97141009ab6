document.title = "keyrite board"
