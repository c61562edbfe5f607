{
  # The build from source. CMakeLists.txt builds the same addon and has the same list.
  "targets": [
    {
      "target_name": "offheap",
      "sources": [
        "native/span.cc",
        "native/reservation.cc",
        "native/shared_reservation.cc",
        "native/binding/addon.cc",
        "native/binding/array_buffer.cc",
        "native/binding/environment.cc",
        "native/binding/reservation_wrap.cc",
        "native/binding/shared_wrap.cc",
        "native/binding/wrap.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "conditions": [
        ["OS=='win'", {
          "sources": ["native/vm/vm_windows.cc"],
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++17"], "ExceptionHandling": 0 } }
        }, {
          "sources": ["native/vm/vm_posix.cc"]
        }],
        ["OS=='linux'", {
          # Unloading with the last worker that holds the addon would take the accounts of the whole process along.
          "ldflags": ["-Wl,-z,nodelete", "-Wl,-s"]
        }],
        ["OS=='mac'", {
          "xcode_settings": {
            "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
            "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
            "GCC_ENABLE_CPP_RTTI": "NO",
            "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
            "MACOSX_DEPLOYMENT_TARGET": "11.0"
          }
        }]
      ]
    }
  ]
}
