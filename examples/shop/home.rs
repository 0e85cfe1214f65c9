//! `Home`: the folder of databases and logs.

use std::path::PathBuf;
use std::{env, fs, io, process};

pub(crate) struct Home {
    folder: PathBuf,
    is_temporary: bool,
}

impl Home {
    pub(crate) fn open() -> io::Result<Self> {
        let (folder, is_temporary) = match env::var_os("SHOP_DIR") {
            Some(folder) => (folder.into(), false),
            None => (
                env::temp_dir().join(format!("shop-{}", process::id())),
                true,
            ),
        };
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            is_temporary,
        })
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Removes a temporary folder.
    pub(crate) fn close(self) -> io::Result<()> {
        if self.is_temporary {
            fs::remove_dir_all(self.folder)?;
        }
        Ok(())
    }
}
