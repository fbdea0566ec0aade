import { program, type WrittenProgram } from "./images.js"

/* Programs whose types are not what their values are: each calls a method on an object that does not have it. */

/** Methods are in the image if they are called anywhere. */
const CALLS = ["hear(new Dog())", "new Cat().meow()"]

const PETS = [
    "class Animal { name = 'nobody' }",
    "class Dog extends Animal { bark(): void { console.log('bark of ' + this.name) } }",
    "class Cat extends Animal { meow(): void { console.log('meow of ' + this.name) } }",
    "class Home { pet: Animal = new Cat(); swap(): void { this.pet = new Cat() } }",
    "class Kennel { pet: Dog = new Dog() }",
    "interface Noisy { name: string; bark(): void }",
    "function hear(dog: Dog): void { dog.bark() }",
]

function pets(name: string, ...lines: string[]): WrittenProgram {
    const isDeclaration = (line: string): boolean => /^(class|function|interface) /.test(line)
    const declarations = lines.filter(isDeclaration)
    const body = lines.filter((line) => !isDeclaration(line))
    const end = "} catch (error) { console.log(error instanceof TypeError) }"
    return { name, source: program(...PETS, ...declarations, ...CALLS, "try {", ...body, end) }
}

/** By what hides the type of the object. */
export const WRONG_RECEIVERS: WrittenProgram[] = [
    pets("a receiver of type any", "const pet: any = new Cat()", "pet.bark()"),
    pets("an argument of type any", "const pet: any = new Cat()", "hear(pet)"),
    pets("an element of any[]", "const pets: any[] = [new Cat()]", "const dogs: Dog[] = pets", "dogs[0].bark()"),
    pets(
        "a value that is any in one of two cases",
        "const pet: any = new Cat()",
        "hear(pet.name === '' ? new Dog() : pet)",
    ),
    pets("a function of type any", "const call: any = hear", "call(new Cat())"),
    pets("a function that a fiber starts", "const call: any = new Cat()", "hear.start(call)", "await ds.sleep(5)"),
    pets(
        "a field that is stored by way of any",
        "const home = new Kennel()",
        "const any: any = home",
        "any.pet = new Cat()",
        "home.pet.bark()",
    ),
    pets("an assertion", "const pet: Animal = new Home().pet", ";(pet as Dog).bark()"),
    pets("an assertion by way of never", "const pet: Animal = new Home().pet", "hear(pet as never)"),
    pets("an error of another class", "try { throw new Cat() } catch (error) { (error as Dog).bark() }"),
    pets("an object of JSON", 'const pet: Dog = JSON.parse(\'{"name": "Tom"}\')', "pet.bark()"),
    pets(
        "an object of JSON whose type is asserted twice",
        'const named = JSON.parse(\'{"name": "Tom", "pet": {"name": "Tom"}}\') as Animal',
        ";(named as unknown as Kennel).pet.bark()",
    ),
    pets(
        "an object of JSON in a dictionary",
        "function parse(text: string): Record<string, Dog> { return JSON.parse(text) }",
        'parse(\'{"pet": {"name": "Tom"}}\')["pet"].bark()',
    ),
    pets(
        "an object of JSON whose type was asserted before",
        "const home = new Home()",
        "const kennel = (): Kennel => home.pet as unknown as Kennel",
        'home.pet = JSON.parse(\'{"name": "Tom", "pet": {"name": "Tom"}}\') as Animal',
        "kennel().pet.bark()",
    ),
    pets(
        "an object in an object of JSON that is any in between",
        "function parse(text: string): unknown { return JSON.parse(text) }",
        'const kennel = parse(\'{"pet": {"name": "Tom"}}\') as Kennel',
        "kennel.pet.bark()",
    ),
    pets(
        "a type argument of an object of JSON",
        "class Shelf<T> { parse(text: string): T { return JSON.parse(text) as T } }",
        'new Shelf<Dog>().parse(\'{"name": "Tom"}\').bark()',
    ),
    pets(
        "a dictionary that passes for an object of a class",
        "const pets: Record<string, Animal> = {}",
        "pets[['pet', 'other'][0]] = new Cat()",
        ";(pets as unknown as Kennel).pet.bark()",
    ),
    pets(
        "a dictionary with a field that passes for an object of a class",
        "const pets: { first: Animal; [name: string]: Animal } = { first: new Animal() }",
        "pets[['pet', 'other'][0]] = new Cat()",
        ";(pets as unknown as Kennel).pet.bark()",
    ),
    pets(
        "a field with a computed name in an object whose type lacks it",
        "const named: { name: string } = { name: 'Tom' }",
        "const fields = named as unknown as Record<string, Animal | string>",
        "fields[['pet', 'other'][0]] = new Cat()",
        ";(named as unknown as Kennel).pet.bark()",
    ),
    pets("a copy of an object's fields", "Object.assign({}, new Dog()).bark()"),
    pets("a spread object", "const noisy: Noisy = new Dog()", "const copy = { ...noisy }", "copy.bark()"),
    pets(
        "a value that a fiber is resumed with",
        "const me = ds.Fiber.self()",
        "async function wake() { await ds.sleep(5); me.resume(new Cat()) }",
        "wake.start()",
        "const pet = await ds.suspend<Dog>()",
        "pet.bark()",
    ),
    pets(
        "an array of a wider type",
        "const dogs = [new Dog()]",
        "const animals: Animal[] = dogs",
        "animals.push(new Cat())",
        "dogs[1].bark()",
    ),
    pets(
        "a field of a wider type",
        "const kennel = new Kennel()",
        "const place: { pet: Animal } = kennel",
        "place.pet = new Cat()",
        "kennel.pet.bark()",
    ),
    pets(
        "a parameter that is narrower in a subclass",
        "class Ear { hear(pet: Animal): void { console.log(pet.name) } }",
        "class DogEar extends Ear { override hear(pet: Dog): void { pet.bark() } }",
        "const ear: Ear = new DogEar()",
        "ear.hear(new Cat())",
    ),
    pets(
        "a type predicate",
        "const isDog = (pet: Animal): pet is Dog => pet.name !== ''",
        "const pet = new Home().pet",
        "if (isDog(pet)) pet.bark()",
    ),
    pets(
        "a field that has changed since its type was tested",
        "const home = new Home()",
        "home.pet = new Dog()",
        "if (home.pet instanceof Dog) { home.swap(); home.pet.bark() }",
    ),
    pets("a type argument", "function as<T>(value: any): T { return value }", "as<Dog>(new Cat()).bark()"),
    pets(
        "a type argument of a class",
        "class Box<T> { constructor(public content: T) {} }",
        "const box = new Box<Dog>(new Cat() as any)",
        "box.content.bark()",
    ),
    pets(
        "an optional method",
        "class Quiet { bark?(): void }",
        "const quiet: { bark?(): void } = new Quiet()",
        "quiet.bark()",
    ),
    pets(
        "an object that looks like one of another class",
        "class Wolf extends Animal { bark(): void { console.log('howl') } }",
        "function call(pet: Dog | Cat): void { if (!(pet instanceof Dog)) pet.meow() }",
        "call(new Wolf())",
    ),
    pets(
        "a method's overload, of which its implementation says less",
        "class Kind { same(pet: Animal): Dog; same(pet: any): any { return pet } }",
        "const pet: Animal = new Cat()",
        "new Kind().same(pet).bark()",
    ),
    pets(
        "an interface of the class's name, which adds a method",
        "class Owl extends Animal { hoot(): void { console.log('hoots') } }",
        "interface Owl { bark(): void }",
        "new Owl().bark()",
    ),
    pets(
        "a field that tells two types apart, and is stored by way of any",
        "interface DogHome { kind: 'dog'; pet: Dog }",
        "interface CatHome { kind: 'cat'; pet: Cat }",
        "const home = { kind: 'cat', pet: new Cat() } as DogHome | CatHome",
        ";(home as any).kind = 'dog'",
        "if (home.kind === 'dog') home.pet.bark()",
    ),
    pets("an error that the checker is told to ignore", "// @ts-ignore", "new Cat().bark()"),
]

/** Names that are nowhere in the source. */
export const COMPUTED_NAMES: WrittenProgram[] = [
    {
        name: "a method",
        source: program(
            "class Door { count = 0; open(): void { this.count++; console.log('opens') } }",
            "const door: any = new Door()",
            "const names = [['op', 'en'].join('')]",
            "door.open()",
            "try { door[names[0]]() } catch (error) { console.log(error instanceof TypeError) }",
        ),
    },
    {
        name: "a field",
        source: program(
            "const limits: Record<string, number> = { lower: 1, upper: 2 }",
            "const names = [['low', 'er'].join('')]",
            "console.log(limits[names[0]] === 1)",
        ),
    },
    {
        name: "a field that hides a method",
        source: program(
            "class Door { count = 0; open(): void { this.count++; console.log('opens') } }",
            "const door = new Door()",
            "const names = [['op', 'en'].join('')]",
            "const any: any = door",
            "any[names[0]] = () => console.log('own')",
            "door.open()",
        ),
    },
    {
        name: "a field of an object literal",
        source: program(
            "const names = [['low', 'er'].join('')]",
            "const limits = { [names[0]]: 1 } as unknown as { lower: number }",
            "const others = { lower: 2 }",
            "console.log(limits.lower === 1, others.lower === 2)",
        ),
    },
]

/** The same, where only functions that are C could go wrong. */
export const NAMES_IN_C: WrittenProgram[] = [
    {
        name: "a function in a field that never contains one as far as the text shows",
        source: program(
            "class Box { constructor(public act: any) {} }",
            "function act(this: any): string { return this === undefined ? 'alone' : 'of a box' }",
            "function actOf(box: Box, n: number): any { return n + box.act === '' ? undefined : box.act }",
            "const box = new Box(0)",
            "const any: any = box",
            "any[act.name] = act",
            "const found = actOf(box, 1)",
            "console.log(found())",
        ),
    },
    {
        name: "a field that hides a method, copied from an object of JSON",
        source: program(
            "class Door { count = 0; open(): void { this.count++; console.log('opens') } }",
            "const door = new Door()",
            "Object.assign(door, JSON.parse('{\"open\": 1}'))",
            "try { door.open() } catch (error) { console.log(error instanceof TypeError) }",
        ),
    },
    {
        name: "a field that hides a method, copied from an object whose names are computed",
        source: program(
            "class Door { count = 0; open(): void { this.count++; console.log('opens') } }",
            "const door = new Door()",
            "const names = [['op', 'en'].join('')]",
            "const others: Record<string, () => void> = {}",
            "others[names[0]] = () => console.log('own')",
            "Object.assign(door, others)",
            "door.open()",
        ),
    },
    {
        name: "a field that hides a method, copied from an error",
        source: program(
            "class Letter { count = 0; message(): void { this.count++; console.log('message') } }",
            "const letter: { message(): void } = new Letter()",
            "const any: any = letter",
            "Object.assign(any, new Error('an error'))",
            "try { letter.message() } catch (error) { console.log(error instanceof TypeError) }",
        ),
    },
]
