package dev.excitor.runtime.vector;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Makes one class per vector width out of one class file.
///
/// The compiler turns a vector operation into one machine instruction only where the species is a compile-time
/// constant, in practice a `static final` field. One static field holds one width, so a kernel written once would serve
/// one width per JVM. A *template* is therefore an ordinary class that asks for its species when it is initialised,
///
/// ```java
/// private static final Lanes LANES = Templates.lanes(MethodHandles.lookup());
/// private static final VectorSpecies<Float> F = LANES.f32();
/// ```
///
/// and is defined again, as a hidden class, for every width that is wanted: three widths live side by side in one JVM
/// and the width is a value, not a global. A template never runs under its own name.
public final class Templates {

    private Templates() {}

    /// One instance per template and width, whatever the number of engines: instances are stateless, and what the
    /// compiler has learnt about one is lost with its class.
    private static final ClassValue<Map<Integer, Object>> INSTANCES = new ClassValue<>() {
        @Override
        protected Map<Integer, Object> computeValue(Class<?> template) {
            return new ConcurrentHashMap<>();
        }
    };

    /// The instance of a template for one width.
    ///
    /// @param template a public class of this module with a public constructor without parameters, and without state
    /// @param role     what the template implements
    public static <T> T instantiate(Class<? extends T> template, Class<T> role, Lanes lanes) {
        return role.cast(INSTANCES.get(template).computeIfAbsent(lanes.bits(), bits -> define(template, lanes)));
    }

    private static Object define(Class<?> template, Lanes lanes) {
        try {
            MethodHandles.Lookup home = MethodHandles.privateLookupIn(template, MethodHandles.lookup());
            MethodHandles.Lookup hidden = home.defineHiddenClassWithClassData(bytes(template), lanes, true);
            return hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class))
                    .invoke();
        } catch (Error | RuntimeException unexpected) {
            throw unexpected;
        } catch (Throwable impossible) {
            throw new IllegalStateException(template.getName() + " is not a template", impossible);
        }
    }

    /// The lanes a template was instantiated for; called from its static initialiser.
    public static Lanes lanes(MethodHandles.Lookup template) {
        try {
            Lanes lanes = MethodHandles.classData(template, "_", Lanes.class);
            if (lanes == null) {
                throw new IllegalStateException(
                        template.lookupClass().getName() + " is a template and runs only as a hidden class");
            }
            return lanes;
        } catch (IllegalAccessException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static byte[] bytes(Class<?> template) {
        String file = template.getName().substring(template.getName().lastIndexOf('.') + 1) + ".class";
        try (InputStream in = template.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is missing from its own module");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
