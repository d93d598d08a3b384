package dev.excitor.model.chat;

import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Who says a message.
public enum Role {
    /// Sets the stage; usually the first message.
    SYSTEM,
    USER,
    /// The model.
    ASSISTANT;

    /// The role's name in templates and requests: `system`, `user`, `assistant`.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// A role by its name.
    ///
    /// @throws Unsupported if there is none of that name
    public static Role of(String text) {
        List<Role> roles = Arrays.asList(values());
        return roles.stream()
                .filter(role -> role.text().equals(text))
                .findFirst()
                .orElseThrow(() -> new Unsupported(
                        "The role \"" + text + "\"",
                        roles.stream().map(Role::text).toList()));
    }
}
